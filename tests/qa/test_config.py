"""Settings from defaults, file, variables and flags; everything wrong is one line with the key's path."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import ConfigError
from qa.config import Config, allowed, load_config, resolve_config, setting_fields


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "docqa.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_source_is_stronger_than_the_one_before(folder: Path) -> None:
    write(folder, 'corpus = "papers"\n[chat]\nhost = "a"\nport = 1\n[read]\npassages = 3\n')
    variables = {"DOCQA_CHAT__PORT": "2", "DOCQA_CHAT__HOST": "b", "HOME": "/nowhere"}

    config, origin = resolve_config({"chat.host": "c", "index_dir": None}, environment=variables)

    assert (config.corpus, config.chat.port, config.chat.host) == (Path("papers"), 2, "c")
    assert config.index_dir == Config().index_dir
    assert origin == {
        "corpus": "docqa.toml",
        "read.passages": "docqa.toml",
        "chat.port": "DOCQA_CHAT__PORT",
        "chat.host": "--host",
    }


def test_without_any_source_all_is_at_its_default(folder: Path) -> None:
    assert resolve_config(environment={}) == (Config(), {})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DOCQA_CHAT__PORT", "abc", 'chat.port (from DOCQA_CHAT__PORT): "abc" is not a whole number from 0 to 65535.'),
        ("DOCQA_CHAT__PORT", "70000", "is not a whole number from 0 to 65535."),
        ("DOCQA_READ__THRESHOLD", "1.5", "is not a number from 0 to 1."),
        ("DOCQA_READ__THRESHOLD", "nan", "is not a number from 0 to 1."),
        ("DOCQA_LOAD__MAX_FILE_MB", "0", "is not a number above 0 and at most 10000."),
        ("DOCQA_EMBED__PRECISION", "int4", 'is not one of "int8", "float32".'),
        ("DOCQA_CHAT__SHARE", "perhaps", "is not true or false."),
        ("DOCQA_CORPUS", "", 'corpus (from DOCQA_CORPUS): "" is not a path.'),
        ("DOCQA_CHAT", "5", "this is a section, not a value. It holds host, port, share."),
        ("DOCQA_CHAT__POORT", "5", "there is no such setting. Known in chat: host, port, share."),
        ("DOCQA_TALK__PORT", "5", "there is no such setting. Known: chat, chunk, corpus, "),
        ("DOCQA_CHAT__PORT__X", "5", "there is no such setting. Known in chat: host, port, share."),
    ],
)
def test_a_wrong_variable_is_one_line_that_says_what_is_allowed(
    folder: Path, name: str, value: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(environment={name: value})
    assert message in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[chat]\nport = true", "chat.port (from docqa.toml): true is not a whole number"),
        ("[chat]\nport = 80.5", "chat.port (from docqa.toml): 80.5 is not a whole number"),
        ("corpus = ['a']", 'corpus (from docqa.toml): ["a"] is not a path.'),
        ("chat = 5", "chat (from docqa.toml): this is a section, not a value."),
        ("[chat.port]\nx = 1", "chat.port.x (from docqa.toml): there is no such setting."),
        ("[talk]\nport = 1", "talk.port (from docqa.toml): there is no such setting."),
        ("[talk]", "talk (from docqa.toml): there is no such setting."),
        ("[chat\nport = 1", "docqa.toml is not valid TOML"),
    ],
)
def test_a_wrong_file_is_named_with_the_key(folder: Path, text: str, message: str) -> None:
    write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_config(environment={})
    assert message in str(caught.value)


def test_a_tilde_is_the_home_folder_whoever_says_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder / "home"))
    write(folder, 'index_dir = "~/papers-index"\n[embed]\nmodel = "~/models/mine"\n')
    config, origin = resolve_config({"corpus": "~"}, environment={})
    assert config.index_dir == folder / "home" / "papers-index"
    assert config.corpus == folder / "home"
    assert config.embed.model == str(folder / "home" / "models" / "mine")
    assert origin["index_dir"] == "docqa.toml"
    assert load_config(environment={"DOCQA_CORPUS": "~/papers"}).corpus == folder / "home" / "papers"
    (folder / "home").mkdir()
    write(folder / "home", "[read]\npassages = 3\n")
    assert load_config(file=Path("~/docqa.toml"), environment={}).read.passages == 3
    for name in ("papers/~", "~nobody-has-this-name/papers"):
        assert load_config({"corpus": name}, environment={}).corpus == Path(name)


def test_a_section_may_be_empty(folder: Path) -> None:
    write(folder, "[chat]\n[read]\n")
    assert load_config(environment={}) == Config()


def test_a_file_that_is_asked_for_must_be_readable(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"other\.toml cannot be read: No such file"):
        load_config(file=Path("other.toml"), environment={})
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        load_config(file=folder, environment={})
    (folder / "latin.toml").write_bytes(b'corpus = "caf\xe9"')
    with pytest.raises(ConfigError, match=r"latin\.toml is not valid TOML"):
        load_config(file=Path("latin.toml"), environment={})


def test_every_setting_says_what_it_may_be() -> None:
    described = {path: allowed(field) for path, field in setting_fields()}
    assert described["chat.port"] == "a whole number from 0 to 65535"
    assert described["read.threshold"] == "a number from 0 to 1"
    assert all(described.values())
