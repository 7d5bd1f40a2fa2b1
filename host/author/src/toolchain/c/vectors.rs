//! The test vectors of all SDKs, in C: what an author would write is generated from them, compiled with the system's compiler
//! together with the SDK's own sources and the bindings, and run natively, once more under sanitizers.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::toolchain::bindings;
use crate::world::World;
use crate::{Kind, Named as _};

const KINDS: [Kind; 6] = [Kind::Filter, Kind::Transform, Kind::EventTypes, Kind::Tools, Kind::Prompts, Kind::Resources];

#[test]
fn the_header_reads_and_answers_as_the_vectors_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sdk = root.join("plugins/sdk-c");
    let folder = tempfile::tempdir().unwrap();
    let world = World::of(&KINDS, &[]).unwrap();
    bindings::generate(wit_bindgen_c::Opts::default().build(), &world, folder.path()).unwrap();
    let defines: String = KINDS
        .iter()
        .map(|kind| kind.name().replace('-', "_").to_uppercase())
        .chain(["LOG".to_owned(), "COMPLETIONS".to_owned()])
        .map(|name| format!("#define TIDEMILL_HAS_{name} 1\n"))
        .collect();
    std::fs::write(folder.path().join("tidemill_world.h"), defines).unwrap();
    let cases = Cases::of(&root.join("tests/vectors"));
    std::fs::write(folder.path().join("cases.c"), cases.program()).unwrap();
    for (compiler, options) in [
        ("cc", &["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-attributes"][..]),
        ("cc", &["-std=c99", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]),
        ("c++", &["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++"]),
    ] {
        let program = folder.path().join("cases");
        let mut compile = Command::new(compiler);
        compile.args(options).args(["-I".into(), sdk.clone().into_os_string(), "-I".into(), folder.path().into()]);
        let header_only = options.contains(&"-fsyntax-only");
        if header_only {
            compile.arg(sdk.join("tidemill.h"));
        } else {
            compile.arg("-o").arg(&program).arg(folder.path().join("cases.c"));
            compile.args(sources(&sdk)).arg("-w").arg(folder.path().join("plugin.c")).arg("-lm");
        }
        let compiled = compile.output().unwrap();
        assert!(compiled.status.success(), "{options:?}:\n{}", String::from_utf8_lossy(&compiled.stderr));
        if header_only {
            continue;
        }
        let ran = Command::new(&program).output().unwrap();
        let told = [&ran.stdout[..], &ran.stderr[..]].concat();
        assert!(ran.status.success(), "{options:?}:\n{}", String::from_utf8_lossy(&told));
        let expected = format!("{} cases, 0 wrong", cases.count);
        assert!(String::from_utf8_lossy(&ran.stdout).contains(&expected), "{}", String::from_utf8_lossy(&told));
    }
}

fn sources(sdk: &Path) -> Vec<std::path::PathBuf> {
    let files = sdk.join("src").read_dir().unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "c")).collect()
}

/// The generated parts of the program, each the inside of a `switch` over case and event.
#[derive(Default)]
struct Cases {
    count: usize,
    runs: String,
    events: String,
    verdicts: String,
    outcomes: String,
    validities: String,
}

impl Cases {
    fn of(folder: &Path) -> Self {
        let mut made = Self::default();
        let read = |name: &str| -> Vec<Value> {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            let file: Value = serde_json::from_str(&text).unwrap();
            let cases = file["cases"].as_array().unwrap().clone();
            assert!(!cases.is_empty(), "{name}");
            cases
        };
        for case in read("batches.json") {
            made.batch(&case);
        }
        // Without outputs a transform in C says drop, which is the same.
        for case in read("answers.json").iter().filter(|case| case["name"] != "no outputs") {
            made.answer(case);
        }
        made
    }

    fn batch(&mut self, case: &Value) {
        let number = self.count;
        self.count += 1;
        let name = &case["name"];
        writeln!(self.runs, "  number = {number}; ran++; begin({name}, true);").unwrap();
        let (rows, arena) = (hex(&case["rows"]), hex(&case["arena"]));
        self.decide(&rows, &arena, case);
        for (at, event) in case["events"].as_array().into_iter().flatten().enumerate() {
            writeln!(self.events, "    case {}: {{", number * 100 + at).unwrap();
            event_checks(&mut self.events, event);
            self.events += "      break;\n    }\n";
        }
        if let Some(events) = case["events"].as_array() {
            writeln!(self.runs, "  CHECK(now == {});", events.len()).unwrap();
        } else {
            self.runs += "  CHECK(now == 0);\n";
        }
    }

    fn decide(&mut self, rows: &str, arena: &str, case: &Value) {
        writeln!(self.runs, "  batch_of = batch({rows}, {arena});").unwrap();
        self.runs += "  good = exports_tidemill_plugin_filter_decide(&batch_of, &verdicts, &fault);\n";
        self.end(case, "filter_list_verdict", "verdicts");
    }

    /// What the call as a whole came to.
    fn end(&mut self, case: &Value, list: &str, variable: &str) {
        if let Some(fault) = case.get("fault").and_then(Value::as_object) {
            let (tag, why) = fault.iter().next().unwrap();
            let tag = usize::from(tag == "broken");
            writeln!(self.runs, "  CHECK(!good && fault_is(&fault, {tag}, {}));", text(why)).unwrap();
        } else {
            self.runs += "  CHECK(good);\n";
            for (at, answer) in case["answer"].as_array().into_iter().flatten().enumerate() {
                answer_checks(&mut self.runs, answer, &format!("{variable}.ptr[{at}]"), list);
            }
            writeln!(self.runs, "  exports_tidemill_plugin_{list}_free(&{variable});").unwrap();
        }
    }

    fn answer(&mut self, case: &Value) {
        let number = self.count;
        self.count += 1;
        let says = case["say"].as_array().unwrap();
        writeln!(self.runs, "  number = {number}; ran++; begin({}, false);", case["name"]).unwrap();
        let rows = format!("hex(1, \"00\", {})", says.len() * 64);
        let said = match case["kind"].as_str().unwrap() {
            "filter" => {
                self.decide(&rows, "hex(0)", case);
                &mut self.verdicts
            }
            kind => {
                let (function, list, variable) = if kind == "transform" {
                    ("transform_apply", "transform_list_outcome", "outcomes")
                } else {
                    ("event_types_validate", "event_types_list_validity", "validities")
                };
                writeln!(self.runs, "  batch_of = batch({rows}, hex(0));").unwrap();
                writeln!(self.runs, "  good = exports_tidemill_plugin_{function}(&batch_of, &{variable}, &fault);")
                    .unwrap();
                self.end(case, list, variable);
                if kind == "transform" { &mut self.outcomes } else { &mut self.validities }
            }
        };
        for (at, say) in says.iter().enumerate() {
            writeln!(said, "    case {}: {}", number * 100 + at, saying(say, case["kind"].as_str().unwrap())).unwrap();
        }
    }

    fn program(&self) -> String {
        let Self { runs, events, verdicts, outcomes, validities, .. } = self;
        format!(
            "#include \"tests/harness.h\"\n#include \"tests/clients.h\"\n\
             static void check_event(const tidemill_event *event) {{\n  tidemill_text text, json;\n  (void)text, (void)json;\n  \
             switch (number * 100 + now) {{\n{events}  }}\n}}\n\
             static tidemill_verdict say_verdict(void) {{\n  switch (number * 100 + now) {{\n{verdicts}  }}\n  \
             return TIDEMILL_KEEP;\n}}\n\
             static void say_outcome(tidemill_outcome *answer) {{\n  tidemill_output *output;\n  (void)output;\n  \
             switch (number * 100 + now) {{\n{outcomes}  }}\n}}\n\
             static void say_validity(tidemill_validity *answer) {{\n  tidemill_output *output;\n  (void)output;\n  \
             switch (number * 100 + now) {{\n{validities}  }}\n}}\n\
             int main(void) {{\n  bool good;\n  tidemill_plugin_types_batch_t batch_of;\n  \
             tidemill_plugin_types_fault_t fault;\n  exports_tidemill_plugin_filter_list_verdict_t verdicts;\n  \
             exports_tidemill_plugin_transform_list_outcome_t outcomes;\n  \
             exports_tidemill_plugin_event_types_list_validity_t validities;\n{runs}  check_plugin();\n  \
             check_lent();\n  check_stale_fault();\n  check_render();\n  check_json();\n  check_tools();\n  check_prompts();\n  check_resources();\n  forget();\n  printf(\"%d cases, %d wrong\\n\", ran, wrong);\n  return wrong > 0;\n}}\n"
        )
    }
}

/// An expression of the bytes that a vector says in hexadecimal.
fn hex(value: &Value) -> String {
    pieces(value, &|text| text.to_owned())
}

/// An expression of a text.
fn text(value: &Value) -> String {
    pieces(value, &|text| text.bytes().fold(String::new(), |all, byte| all + &format!("{byte:02x}")))
}

fn pieces(value: &Value, digits: &dyn Fn(&str) -> String) -> String {
    let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let pieces = list.iter().map(|piece| match piece {
        Value::Array(pair) => format!(", \"{}\", {}", digits(pair[0].as_str().unwrap()), pair[1]),
        piece => format!(", \"{}\", 1", digits(piece.as_str().unwrap())),
    });
    format!("hex({}{})", list.len(), pieces.collect::<String>())
}

fn event_checks(code: &mut String, event: &Value) {
    for (member, function) in
        [("id", "id"), ("source", "source"), ("type", "type"), ("subject", "subject"), ("contentType", "content_type")]
    {
        let wanted = if event[member].is_null() { "hex(0)".to_owned() } else { text(&event[member]) };
        writeln!(code, "      CHECK(tidemill_same(tidemill_event_{function}(event), {wanted}));").unwrap();
    }
    writeln!(code, "      CHECK(tidemill_event_time_ms(event) == {}u);", event["timeMs"]).unwrap();
    writeln!(code, "      CHECK(tidemill_same(tidemill_event_data(event), {}));", hex(&event["data"])).unwrap();
    writeln!(code, "      CHECK(tidemill_event_is_json(event) == {});", event["isJson"]).unwrap();
    for (name, value) in event["extensions"].as_object().unwrap() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        writeln!(code, "      CHECK(extension_is(event, \"{name}\", {}));", text(&value.into())).unwrap();
    }
    code.push_str("      CHECK(!extension_is(event, \"nothere\", hex(0)));\n");
    if event["text"].is_null() {
        code.push_str("      CHECK(!tidemill_event_text(event, &text));\n");
    } else {
        let wanted = text(&event["text"]);
        writeln!(code, "      CHECK(tidemill_event_text(event, &text) && tidemill_same(text, {wanted}));").unwrap();
    }
    if event["invalidJson"] == true {
        code.push_str("      CHECK(!tidemill_event_json(event, &json));\n");
    } else if let Some(long) = event.get("jsonText") {
        let wanted = text(long);
        writeln!(code, "      CHECK(tidemill_event_json(event, &json) && json_text_is(json, \"\", {wanted}));")
            .unwrap();
    } else if let Some(json) = event.get("json") {
        code.push_str("      CHECK(tidemill_event_json(event, &json));\n");
        json_checks(code, json, "");
    }
}

/// Checks of a value and of all that is in it.
fn json_checks(code: &mut String, value: &Value, pointer: &str) {
    let at = serde_json::to_string(pointer).unwrap();
    let check = match value {
        Value::String(_) => format!("json_text_is(json, {at}, {})", text(value)),
        Value::Number(number) => format!("json_number_is(json, {at}, {number})"),
        Value::Bool(_) | Value::Null => format!("json_raw_is(json, {at}, \"{value}\")"),
        Value::Array(items) => format!("json_count_is(json, {at}, {})", items.len()),
        Value::Object(members) => format!("json_count_is(json, {at}, {})", members.len()),
    };
    writeln!(code, "      CHECK({check});").unwrap();
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        json_checks(code, item, &format!("{pointer}/{at}"));
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        json_checks(code, member, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")));
    }
}

/// What an author writes to say something about an event.
fn saying(say: &Value, kind: &str) -> String {
    if let Some(word) = say.as_str() {
        return match (kind, word) {
            ("filter", word) => format!("return TIDEMILL_{};", word.to_uppercase()),
            ("transform", word) => format!("tidemill_{word}(answer); break;"),
            _ => "break;".to_owned(),
        };
    }
    let (word, what) = say.as_object().unwrap().iter().next().unwrap();
    let problems = |what: &Value| -> String {
        let function = if kind == "transform" { "reject" } else { "invalid" };
        let told = what.as_array().unwrap().iter();
        told.map(|one| format!("tidemill_{function}(answer, {}, {}); ", text(&one["at"]), text(&one["detail"])))
            .collect()
    };
    match word.as_str() {
        "emit" => what.as_array().unwrap().iter().map(|one| output(one, "emit")).collect::<String>() + "break;",
        "normalised" => output(what, "normalise") + "break;",
        "retry" => format!("tidemill_retry(answer, {}); break;", text(what)),
        "raise" if what.get("problems").is_none() => {
            let (fault, why) = what.as_object().unwrap().iter().next().unwrap();
            format!("tidemill_fault_{fault}({}); break;", text(why))
        }
        "raise" if kind == "filter" => "return TIDEMILL_REJECT;".to_owned(),
        "raise" => problems(&what["problems"]) + "break;",
        _ => problems(what) + "break;",
    }
}

fn output(members: &Value, begin: &str) -> String {
    let mut code = format!("output = tidemill_{begin}(answer); ");
    for (name, value) in members.as_object().unwrap() {
        match name.as_str() {
            "type" => write!(code, "tidemill_output_type(output, {}); ", text(value)),
            "subject" => write!(code, "tidemill_output_subject(output, {}); ", text(value)),
            "contentType" => write!(code, "tidemill_output_content_type(output, {}); ", text(value)),
            "data" => write!(code, "tidemill_output_data(output, {}); ", hex(value)),
            "json" => write!(
                code,
                "{{ tidemill_buffer json = {{0}}; {} tidemill_output_data(output, tidemill_of(&json)); tidemill_free(&json); }} ",
                writing(value)
            ),
            _ => {
                for pair in value.as_array().unwrap() {
                    write!(code, "tidemill_output_extension(output, {}, {}); ", text(&pair[0]), text(&pair[1])).unwrap();
                }
                Ok(())
            }
        }
        .unwrap();
    }
    code
}

/// A value, written with the header's functions.
fn writing(value: &Value) -> String {
    match value {
        Value::Null => "tidemill_json_null(&json);".to_owned(),
        Value::Bool(truth) => format!("tidemill_json_bool(&json, {truth});"),
        Value::Number(number) => format!("tidemill_json_number(&json, {number});"),
        Value::String(_) => format!("tidemill_json_text(&json, {});", text(value)),
        Value::Array(items) => {
            let items: String = items.iter().map(writing).collect();
            format!("tidemill_json_array(&json); {items} tidemill_json_end_array(&json);")
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                format!("tidemill_json_name(&json, {}); {}", text(&name.as_str().into()), writing(value))
            });
            let members: String = members.collect();
            format!("tidemill_json_object(&json); {members} tidemill_json_end_object(&json);")
        }
    }
}

/// Checks of what the host gets for one event.
fn answer_checks(code: &mut String, answer: &Value, place: &str, list: &str) {
    const CASES: [&str; 8] = ["keep", "drop", "emit", "reject", "retry", "valid", "normalised", "invalid"];
    let (word, what) = match answer {
        Value::String(word) => (word.as_str(), &Value::Null),
        other => other.as_object().unwrap().iter().next().map(|(word, what)| (word.as_str(), what)).unwrap(),
    };
    let tag = CASES.iter().position(|case| *case == word).unwrap();
    if list.starts_with("filter") {
        let tag = if word == "reject" { 2 } else { tag };
        writeln!(code, "  CHECK({place} == {tag});").unwrap();
        return;
    }
    writeln!(code, "  CHECK({place}.tag == {});", tag % 5).unwrap();
    match word {
        "emit" => {
            let outputs = what.as_array().unwrap();
            writeln!(code, "  CHECK({place}.val.emit.len == {});", outputs.len()).unwrap();
            for (at, output) in outputs.iter().enumerate() {
                output_checks(code, output, &format!("{place}.val.emit.ptr[{at}]"));
            }
        }
        "normalised" => output_checks(code, what, &format!("{place}.val.normalised")),
        "retry" => writeln!(code, "  CHECK(text_is({place}.val.retry, {}));", text(what)).unwrap(),
        "reject" | "invalid" => {
            for (at, problem) in what.as_array().unwrap().iter().enumerate() {
                let one = format!("{place}.val.{word}.ptr[{at}]");
                writeln!(code, "  CHECK(text_is({one}.at, {}));", text(&problem["at"])).unwrap();
                writeln!(code, "  CHECK(text_is({one}.detail, {}));", text(&problem["detail"])).unwrap();
            }
            writeln!(code, "  CHECK({place}.val.{word}.len == {});", what.as_array().unwrap().len()).unwrap();
        }
        _ => {}
    }
}

fn output_checks(code: &mut String, output: &Value, place: &str) {
    for (member, field) in [("type", "type"), ("subject", "subject"), ("contentType", "content_type")] {
        match &output[member] {
            Value::Null => writeln!(code, "  CHECK(!{place}.{field}.is_some);").unwrap(),
            set => writeln!(code, "  CHECK(option_is({place}.{field}, {}));", text(set)).unwrap(),
        }
    }
    match &output["data"] {
        Value::Null => writeln!(code, "  CHECK(!{place}.data.is_some);").unwrap(),
        set => writeln!(code, "  CHECK(data_is({place}.data, {}));", hex(set)).unwrap(),
    }
    let Some(pairs) = output["extensions"].as_array() else {
        return writeln!(code, "  CHECK(!{place}.extensions.is_some);").unwrap();
    };
    writeln!(code, "  CHECK({place}.extensions.val.len == {});", pairs.len()).unwrap();
    for (at, pair) in pairs.iter().enumerate() {
        let one = format!("{place}.extensions.val.ptr[{at}]");
        writeln!(code, "  CHECK(text_is({one}.f0, {}) && text_is({one}.f1, {}));", text(&pair[0]), text(&pair[1]))
            .unwrap();
    }
}
