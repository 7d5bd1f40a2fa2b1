//! What a configuration says, from all its sources together.

use super::settings::Origin;
use super::*;

fn load(file: &str, env: &[(&str, &str)], flags: &Flags) -> Result<Config, ConfigError> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_sources(Some(("tidemill.toml", file)), env, flags)
}

fn defaults() -> Config {
    Config::from_sources(None, std::iter::empty(), &Flags::default()).unwrap()
}

#[track_caller]
fn check_problems(file: &str, env: &[(&str, &str)], expected: &[&str]) {
    let error = load(file, env, &Flags::default()).expect_err("this configuration is wrong");
    let ConfigError::Invalid { problems } = error else { panic!("{error}") };
    let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nshould begin with\n{expected}");
    }
}

#[test]
fn without_anything_there_are_defaults() {
    let config = defaults();
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.plugins_dir, Path::new("./plugins"));
    assert_eq!((config.publish.body_max, config.publish.batch_max), (1 << 20, 10_000));
    assert_eq!(config.subscribe.heartbeat, Duration::from_secs(15));
    assert_eq!(config.limits.time, Duration::from_millis(50));
    assert_eq!(config.telemetry.format, LogFormat::Text);
    assert!(config.entries().iter().all(|entry| entry.origin == Origin::Default));
    assert_eq!([1, 2, 3, 8].map(|n| config.pipeline.worker_count(n)), [1, 1, 1, 4]);
}

#[test]
fn flags_beat_the_environment_beats_the_file() {
    let file = "listen = '127.0.0.1:1'\ndata-dir = 'a'\nplugins-dir = 'p'\n[drain]\ndeadline = '1s'";
    let env = [("TIDEMILL_LISTEN", "127.0.0.1:2"), ("TIDEMILL_DATA_DIR", "b"), ("HOME", "/"), ("TIDEMILL_CA", "x")];
    let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
    let config = load(file, &env, &flags).unwrap();
    assert_eq!(
        (&*config.listen.to_string(), &*config.data_dir, &*config.plugins_dir),
        ("127.0.0.1:3", Path::new("b"), Path::new("p"))
    );
    let origin = |key: &str| config.entries().iter().find(|entry| entry.key == key).unwrap().origin.to_string();
    assert_eq!(origin("listen"), "flag (--listen)");
    assert_eq!(origin("data-dir"), "environment (TIDEMILL_DATA_DIR)");
    assert_eq!(origin("drain.deadline"), "file (tidemill.toml:5)");
    assert_eq!(origin("log.max-events"), "default");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    check_problems(
        "lisen = '127.0.0.1:1'\n[publish]\nbody-max = '1XiB'\nbatch-max = 0\nbody_max = 1\n[subscribe]\nheartbeat = 15\n\
         [zzz]\ncert = 'x'\n",
        &[("TIDEMILL_LISTEN", "nowhere"), ("TIDEMILL_PUBLISH_BODYMAX", "1"), ("TIDEMILL_LIMITS_TIME", "1h")],
        &[
            "environment (TIDEMILL_LISTEN): `listen` is \"nowhere\": expected an IP address and a port",
            "tidemill.toml:3: `publish.body-max` is \"1XiB\": expected a size from 1KiB to 1GiB",
            "tidemill.toml:4: `publish.batch-max` is 0: expected a whole number from 1 to 1000000",
            "tidemill.toml:7: `subscribe.heartbeat` is 15: expected a duration from 1s to 10m",
            "environment (TIDEMILL_LIMITS_TIME): `limits.time` is \"1h\": expected a duration from 1ms to 10s",
            "tidemill.toml:1: `lisen` is not a known key: did you mean `listen`?",
            "tidemill.toml:5: `publish.body_max` is not a known key: did you mean `publish.body-max`?",
            "tidemill.toml:9: `zzz.cert` is not a known key: the keys are listen, plugins-dir, data-dir, the sections",
            "environment: `TIDEMILL_PUBLISH_BODYMAX` sets no known key: did you mean `TIDEMILL_PUBLISH_BODY_MAX`?",
        ],
    );
}

#[test]
fn tables_and_values_in_each_others_place_are_named() {
    check_problems(
        "publish = 3\nplugins = './plugins'\n[listen]\nport = 1\n[drain]\ndeadline = true\nsoon = []\n",
        &[("TIDEMILL_PLUGINS_GITHUB_ORDER", "1")],
        &[
            "tidemill.toml:2: `plugins` holds the settings of single plugins, as tables `[plugins.<name>]`; the directory",
            "tidemill.toml:3: `listen` is a table: expected an IP address",
            "tidemill.toml:6: `drain.deadline` is a value of type boolean: expected a duration",
            "tidemill.toml:1: `publish` is 3: it is a section, write `[publish]`",
            "tidemill.toml:7: `drain.soon` is not a known key: the keys of `[drain]` are deadline",
            "environment: `TIDEMILL_PLUGINS_GITHUB_ORDER` sets no known key: settings of single plugins",
        ],
    );
}

#[test]
fn what_is_not_toml_is_named_with_its_line() {
    check_problems("listen = '127.0.0.1:1'\n[publish\n", &[], &["tidemill.toml:2: not valid TOML: "]);
    check_problems("listen = 'a'\nlisten = 'b'\n", &[], &["tidemill.toml:2: not valid TOML: duplicate key"]);
    // A quoted key is one key, not a section and a key.
    check_problems("'publish.body-max' = '1MiB'", &[], &["tidemill.toml:1: `\"publish.body-max\"` is not a known key"]);
}

#[test]
fn values_must_fit_each_other() {
    check_problems(
        "[publish]\nbody-max = '128MiB'",
        &[("TIDEMILL_PUBLISH_QUEUE_MAX", "32MiB")],
        &[
            "environment (TIDEMILL_PUBLISH_QUEUE_MAX): `publish.queue-max` is \"32MiB\": it is less than `publish.body-max`",
        ],
    );
}

#[test]
fn plugins_tables_are_handed_on_as_written() {
    let file =
        "[plugins.cel]\norder = 10\n[plugins.cel.config]\ndrop-if = 'true'\n[plugins.'10-redact']\nenabled = false";
    let config = load(file, &[], &Flags::default()).unwrap();
    assert_eq!(config.plugins["cel"]["config"]["drop-if"].as_str(), Some("true"));
    assert_eq!(config.plugins["10-redact"]["enabled"].as_bool(), Some(false));
    assert_eq!((config.plugin_place("cel"), config.plugin_place("10-redact")), ("tidemill.toml:1", "tidemill.toml:5"));
    check_problems(
        "[plugins]\ncel = 1\n'../x' = {}",
        &[],
        &[
            "tidemill.toml:2: `plugins.cel` must be a table: write `[plugins.cel]`",
            "tidemill.toml:3: `plugins.\"../x\"` is not a plugin's name",
        ],
    );
}

#[test]
fn what_is_shown_can_be_loaded_and_means_the_same() {
    let file = "listen = '[::1]:0'\n[publish]\nbody-max = 123456\n[telemetry]\nformat = 'json'\n\
        [plugins.a]\norder = 1\n[plugins.a.config]\nx = { y = [1, 2.5, 'z'] }\n[plugins.'b.c']\nenabled = true\n";
    let config = load(file, &[("TIDEMILL_DRAIN_DEADLINE", "1m 30s")], &Flags::default()).unwrap();
    let text = config.to_toml();
    let again = load(&text, &[], &Flags::default()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let values = |config: &Config| config.entries().iter().map(|e| e.value.clone()).collect::<Vec<_>>();
    assert_eq!((values(&config), &config.plugins), (values(&again), &again.plugins), "{text}");
    assert!(text.contains("# Default: \"10s\". Set by: environment (TIDEMILL_DRAIN_DEADLINE)."), "{text}");
}

#[test]
fn variables_of_orchestrators_are_not_ours() {
    let env = [
        ("TIDEMILL_SERVICE_HOST", "10.0.0.7"),
        ("TIDEMILL_SERVICE_PORT_HTTP", "3000"),
        ("TIDEMILL_PORT", "tcp://10.0.0.7:3000"),
        ("TIDEMILL_PORT_3000_TCP_ADDR", "10.0.0.7"),
    ];
    assert!(load("", &env, &Flags::default()).is_ok());
    check_problems("", &[("TIDEMILL_PORT", "8080")], &["environment: `TIDEMILL_PORT` sets no known key"]);
}

#[test]
fn a_named_file_must_exist_and_the_default_one_need_not() {
    let error = Config::load(Some(Path::new("/nonexistent/t.toml")), std::iter::empty(), &Flags::default());
    assert!(error.unwrap_err().to_string().contains("/nonexistent/t.toml"));
}

#[test]
fn sites_are_listed_and_cookies_are_not_for_all() {
    let cors = |file: &str| load(file, &[], &Flags::default()).unwrap().cors;
    let one = cors("[cors]\norigins = [\"https://a.example\"]\ncredentials = true\n");
    assert_eq!((one.origins, one.credentials), (vec!["https://a.example".to_owned()], true));
    assert_eq!(cors("[cors]\norigins = \"https://a.example, https://b.example\"").origins.len(), 2);
    let refused = ["tidemill.toml:3: `cors.credentials` is true: it does not go together with `cors.origins`"];
    check_problems("[cors]\norigins = [\"*\"]\ncredentials = true\n", &[], &refused);
    let path = ["tidemill.toml:2: `cors.origins` is a value of type array: expected a list of origins"];
    check_problems("[cors]\norigins = [\"https://a.example/\"]\n", &[], &path);
}

#[test]
fn every_key_is_documented_as_it_is() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let page = fs::read_to_string(page).expect("docs/configuration.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let defaults = defaults();
    let expected = defaults.entries().iter().map(|entry| {
        let variable = settings::variable(entry.key);
        let Entry { key, default, allowed, meaning, .. } = entry;
        format!("| `{key}` | `{default}` | {allowed} | {meaning} | `{variable}` |")
    });
    let expected: Vec<String> = expected.collect();
    assert_eq!(rows, expected, "docs/configuration.md should hold these rows:\n{}", expected.join("\n"));
}

#[test]
fn variables_of_the_file_are_replaced_and_shown_as_they_hold() {
    let file = "listen = '127.0.0.1:${PORT:-3000}'\n[publish]\nbatch-max = '${BATCH}'\n[cors]\norigins = \
        ['${SITE:-http://a}', 'http://b']\n[publish.x]\n[plugins.p.config]\nkey = '${KEY}'\nquery = '.a as $x | $x'\n";
    let file = file.replace("[publish.x]\n", "");
    let env = [("PORT", "8080"), ("BATCH", "7"), ("KEY", "se\"cret"), ("UNUSED", "x")];
    let config = load(&file, &env, &Flags::default()).unwrap();
    assert_eq!((&*config.listen.to_string(), config.publish.batch_max), ("127.0.0.1:8080", 7));
    assert_eq!(config.cors.origins, ["http://a", "http://b"]);
    let plugin = config.plugins["p"]["config"].as_table().unwrap();
    assert_eq!((plugin["key"].as_str(), plugin["query"].as_str()), (Some("se\"cret"), Some(".a as $x | $x")));
    let shown = config.to_toml();
    assert!(shown.contains("listen = \"127.0.0.1:8080\"") && shown.contains("\"${KEY}\""), "{shown}");
    assert!(!shown.contains("cret"), "{shown}");
    let again = load(&shown, &env, &Flags::default()).unwrap();
    assert_eq!((&again.plugins, again.to_toml().contains("${KEY}")), (&config.plugins, true));
    check_problems(
        "listen = '127.0.0.1:${PORT}'\n[plugins.p]\nx = ['a',\n '${A B}']\n",
        &[],
        &[
            "tidemill.toml:1: `listen` needs the environment variable `PORT`, which is not set: set it, or write `${PORT:-…}`",
            "tidemill.toml:4: `plugins.p.x` has `${A B}`, which is no variable",
        ],
    );
}
