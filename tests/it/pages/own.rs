//! The runner itself: what is right passes, and what is wrong fails with the page, the line and what happened.

use std::time::{Duration, Instant};

use super::{parsed, story};

fn follow(page: &str) -> Result<(), String> {
    story::follow("docs/page.md", page)
}

/// Follows a page that is wrong, and tells how it failed.
fn fails(page: &str) -> String {
    follow(page).expect_err("the page is wrong")
}

#[test]
fn what_a_page_says_happens() {
    let page = r#"
Commands share a session, in an empty folder:

```sh
test -z "$(ls -A)"
mkdir -p here/sub
cd here
```

```console
$ pwd
[..]/here
$ printf 'one\ntwo\nthree\n'; echo four >&2
one
...
four
$ for word in a b; do
>   echo $word
> done
a
b
$ exit_with() { return 3; }; exit_with
[exit 3]
$ cat
```

An excerpt of what comes later, and of what is made:

```js
const b = 2;
return b;
```

```js sub/plugin.js
function a() {
  const a = 1;
  const b = 2;
  return b;
}
```

<!-- test: in sub/plugin.js -->
```js
function a() {
```

<!-- test: hidden
cat sub/plugin.js > ../copy.js -->

<!-- test: elsewhere -->
```console
$ wc -l < copy.js
5
```

<!-- test: fake true: needs a hand -->
```sh
sudo apt-get install no-such-package
```

```json
{"a": 1}
{"b": 2}
```

<!-- test: config -->
```toml
listen = "127.0.0.1:3000"
```

```text
anything
```
"#;
    follow(page).unwrap();
}

/// A server in one terminal, its reader in another, and Ctrl-C.
#[test]
fn a_command_goes_on_until_it_is_interrupted_or_the_page_ends() {
    let page = r#"
<!-- test: stays -->
```sh
tidemill serve
```

<!-- test: elsewhere -->
```sh
curl --silent --fail http://127.0.0.1:3000/plugins
tidemill publish note.added '{"n": 1}'
```

<!-- test: stays until "note.added" -->
```console
$ tidemill tail --since earliest
[..]note.added[..]{"n":1}
```

<!-- test: elsewhere -->
```sh
tidemill publish note.added '{"n": 2}'
```

```console
...
[..]note.added[..]{"n":2}
...
^C
```

```console
$ echo free
free
```
"#;
    follow(page).unwrap();
}

#[test]
fn what_does_not_happen_fails_with_its_line() {
    for (page, told) in [
        ("\n```sh\ntrue\nfalse\ntrue\n```\n", "docs/page.md:3: it ends with exit code 1"),
        ("```sh\ntrue\nno-such-program\n```\n", "page.md: line 3: no-such-program: command not found"),
        (
            "```console\n$ echo one\none\n$ echo two\nthree\n```\n",
            "docs/page.md:4: the page says\nthree\nand this was printed:\ntwo\n",
        ),
        ("```console\n$ false\n```\n", "docs/page.md:2: it ends with exit code 1, not 0"),
        ("```console\n$ true\n[exit 1]\n```\n", "docs/page.md:2: it ends with exit code 0, not 1"),
        ("```console\n$ echo one; echo two\none\n```\n", "docs/page.md:2: the page says"),
        ("```console\nnobody says this\n```\n", "docs/page.md:2: no command goes on"),
        ("```js a.js\nlet a;\nlet b;\n```\n\n```js\nlet b;\nlet a;\n```\n", "docs/page.md:7: this stands in no file"),
        (
            "```js a.js\nlet a;\n```\n\n<!-- test: in b.js -->\n```js\nlet a;\n```\n",
            "docs/page.md:7: this does not stand in b.js",
        ),
        ("```json\n{\"a\": 1,}\n```\n", "docs/page.md:2: key must be a string"),
        ("```toml\na = \n```\n", "docs/page.md:2: TOML parse error"),
        ("<!-- test: config -->\n```toml\nlisen = 1\n```\n", "docs/page.md:3: "),
        ("<!-- test: settings -->\n```toml\ngrant = 1\n```\n", "docs/page.md:3: "),
        ("<!-- test: fake false: why not -->\n```sh\ntrue\n```\n", "docs/page.md:3: it ends with exit code 1"),
        ("<!-- test: stays until \"ready\" -->\n```sh\necho gone\n```\n", "docs/page.md:3: it is not ready:\ngone"),
        (
            "<!-- test: stays until \"ready\" -->\n```sh\necho ready\n```\n\n<!-- test: elsewhere -->\n```sh\nsleep 1\n```\n",
            "docs/page.md:3: it ended before the page did",
        ),
        (
            "<!-- test: stays until \"ready\" -->\n```sh\necho ready; sleep 1000\n```\n\n```sh\ntrue\n```\n",
            "docs/page.md:7: the command in line 3 goes on",
        ),
        (
            "<!-- test: stays until \"one\" -->\n```sh\necho one; echo two; sleep 1\n```\n\n```console\none\nthree\n```\n",
            "docs/page.md:7: the page says\none\nthree\n",
        ),
    ] {
        let said = fails(page);
        assert!(said.contains(told), "{page}\n---\n{said}");
    }
}

#[test]
fn a_form_that_is_not_known_fails_with_its_line() {
    for (page, told) in [
        ("\n```\nls\n```\n", "docs/page.md:2: a block without a language"),
        ("```bash\nls\n```\n", "docs/page.md:1: `bash` is no kind of block"),
        ("one\n\n    ls\n", "docs/page.md:3: an indented block"),
        ("<!-- test: sometimes -->\n```sh\nls\n```\n", "docs/page.md:1: the test does not understand `sometimes`"),
        ("<!-- test: fake ls -->\n```sh\nls\n```\n", "docs/page.md:1: `fake` wants"),
        (
            "<!-- test: elsewhere -->\n\nText.\n\n```sh\nls\n```\n",
            "docs/page.md:3: what is said to the test above this",
        ),
        ("```sh\nls\n```\n\n<!-- test: elsewhere -->\n", "is about no block"),
        ("```console\n```\n", "docs/page.md:1: an empty block"),
    ] {
        let said = fails(page);
        assert!(said.contains(told), "{page}\n---\n{said}");
    }
}

#[test]
fn what_is_only_parsed_has_to_be_right() {
    let parsed = |page: &str| parsed::page("docs/page.md", page);
    parsed("```sh\nno-such-program\n```\n\n```console\n$ no-such-program\nout\n```\n").unwrap();
    for (page, told) in [
        ("```sh\nif true; then\n```\n", "docs/page.md:2: "),
        ("```console\n$ echo 'open\n```\n", "docs/page.md:2: "),
        ("```json\n{\n```\n", "docs/page.md:2: EOF"),
    ] {
        let said = parsed(page).expect_err("the page is wrong");
        assert!(said.contains(told), "{page}\n---\n{said}");
    }
}

/// Nothing of a page is left when its test ends, also when it fails: what goes on, what that started, and what does not listen.
#[test]
fn a_page_leaves_nothing_running() {
    for (end, heeds) in [("true", "trap -"), ("false", "trap ''")] {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids").display().to_string();
        let page = format!(
            "<!-- test: stays until \"ready\" -->\n```sh\n({heeds} TERM; sleep 999 & echo $! >> {pids}; echo ready; wait) &\n\
             sleep 999 & echo $! >> {pids}\nwait\n```\n\n<!-- test: elsewhere -->\n```sh\n{end}\n```\n"
        );
        assert_eq!(follow(&page).is_ok(), end == "true");
        let pids = std::fs::read_to_string(&pids).unwrap();
        assert_eq!(pids.lines().count(), 2);
        for pid in pids.lines() {
            // Who is killed is still listed for a moment.
            let start = Instant::now();
            while let Ok(state) = std::fs::read_to_string(format!("/proc/{pid}/stat"))
                && !state.contains(") Z ")
            {
                assert!(start.elapsed() < Duration::from_secs(10), "{state}");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}
