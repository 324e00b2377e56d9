"""The configuration: one file, every key also from the environment, and a wrong one stops the start saying why."""

import tomllib
from pathlib import Path

import pytest

from api.config import Config, keys
from api.config_sources import ConfigError, example, load_config, variable

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_the_example_is_current() -> None:
    current = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    assert current == example(), "run: .venv/bin/gongfang config example > config.example.toml"


def test_the_example_is_the_defaults(file: Path) -> None:
    file.write_text(example(), encoding="utf-8")
    assert load_config(file) == Config()
    assert {(table, key) for table, key, _ in keys()} == {
        (table, key) for table, values in tomllib.loads(example()).items() for key in values
    }


def test_every_key_says_what_it_means() -> None:
    assert [key for _, key, field in keys() if not field.description] == []


def test_later_sources_win(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('[web]\nport = 1\nhost = "::1"\n[time]\nzone = "Europe/Berlin"')
    monkeypatch.setenv("GONGFANG_WEB__PORT", "2")
    monkeypatch.setenv("GONGFANG_BOT__LANGUAGES", "en, zh_CN")
    assert (load_config(file).web.port, load_config(file).web.host) == (2, "::1")
    assert load_config(file, {"web": {"port": 3}}).web.port == 3
    assert load_config(file).bot.languages == ["en", "zh_CN"]
    assert load_config(file).time.zone == "Europe/Berlin"


def test_a_template_of_accounts_is_kept_in_small_letters(file: Path) -> None:
    file.write_text("[matrix]\nuser_template = '@T-{staff_no}:M.example.org:8448'")
    assert load_config(file).matrix.user_template == "@t-{staff_no}:m.example.org:8448"


@pytest.mark.parametrize("table_key", [(table, key) for table, key, _ in keys()], ids=".".join)
def test_every_key_comes_from_the_environment_too(table_key: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    table, key = table_key
    monkeypatch.setenv(variable(table, key), "\N{SNOWMAN}")
    try:
        config = load_config()
    except ConfigError as error:
        assert f"environment {variable(table, key)}: [{table}]" in str(error) or f"[{table}]" in str(error)
    else:
        assert "\N{SNOWMAN}" in repr(config.model_dump(by_alias=True)[table][key]) + " ".join(config.secrets())


@pytest.mark.parametrize(
    ("toml", "parts"),
    [
        ("[wob]\nport = 1", ["[wob] is not a key", "allowed here: database, blobs, web"]),
        ("[web]\nprot = 1", ["[web] prot is not a key", "allowed here: host, port, base_url, secret"]),
        ("[web]\nport = 'x'", ["[web] port", "valid integer", "port to listen on"]),
        ("[web]\nport = 99999", ["[web] port", "65535"]),
        ("[web]\nbase_url = 'pages'", ["[web] base_url", "allowed: http"]),
        ("web = 3", ["[web]"]),
        ("[database]\nurl = 'mysql://x'", ["[database] url", "allowed: sqlite:///FILE or postgresql://"]),
        ("[database]\nurl = 'postgresql://u:geheim@h:x/d'", ["[database] url", "allowed: sqlite:///FILE or postgresql://"]),
        ("[database]\nurl = 'postgresql://u:geheim@[h/d'", ["[database] url", "allowed: sqlite:///FILE or postgresql://"]),
        ("[blobs]\nurl = 'ftp://x'", ["[blobs] url", "allowed: file:FOLDER"]),
        ("[time]\nzone = 'Mars'", ["[time] zone", "unknown time zone"]),
        ("[time]\nquiet_hours = 'nights'", ["[time] quiet_hours"]),
        ("[bot]\nlanguages = ['fr']", ["[bot] languages", "'zh_CN' or 'en'"]),
        ("[telegram]\nmode = 'push'", ["[telegram] mode", "'polling' or 'webhook'"]),
        ("[telegram]\nmode = 'webhook'", ["[telegram]", "needs webhook_secret"]),
        ("[matrix]\nhomeserver = 'https://m'", ["[matrix]", "needs user_id"]),
        ("[matrix]\nuser_template = '@t:m.org'", ["user_template", "write {staff_no} once"]),
        ("[matrix]\nuser_template = '@{staff_no}{staff_no}:m.org'", ["user_template", "write {staff_no} once"]),
        ("[matrix]\nuser_template = '{staff_no}:m.org'", ["user_template", "it must be a Matrix account"]),
        ("[matrix]\nuser_template = '@t:{staff_no}.org'", ["user_template", "it must be a Matrix account"]),
        ("[mail]\nurl = 'smtp://m'", ["[mail]", "needs from"]),
        ("[mail]\nurl = 'http://m'", ["[mail] url", "allowed: smtp://"]),
        ("port = ", ["not readable as TOML"]),
    ],
)
def test_what_is_wrong_is_named(toml: str, parts: list[str], file: Path) -> None:
    file.write_text(toml)
    with pytest.raises(ConfigError) as error:
        load_config(file)
    assert all(part in str(error.value) for part in [str(file), *parts]), str(error.value)
    assert "geheim" not in str(error.value), "an address holds a password"


def test_all_faults_are_named_at_once(file: Path) -> None:
    file.write_text("[web]\nprot = 1\nport = 'x'\n[wob]")
    with pytest.raises(ConfigError) as error:
        load_config(file)
    assert len(str(error.value).splitlines()) == 3


def test_an_unknown_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONGFANG_WEB__PROT", "1")
    with pytest.raises(ConfigError, match="GONGFANG_WEB__PROT is not a key; allowed: GONGFANG_DATABASE__URL"):
        load_config()


def test_a_wrong_variable_is_blamed_and_not_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("[web]\nport = 1")
    monkeypatch.setenv("GONGFANG_WEB__PORT", "x")
    with pytest.raises(ConfigError, match=r"environment GONGFANG_WEB__PORT: \[web\] port"):
        load_config(file)


def test_a_named_file_must_be_there(file: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(file)


def test_secrets_are_not_shown(file: Path) -> None:
    file.write_text(
        "[database]\nurl = 'postgresql://u:hush1@h/d'\n[web]\nsecret = 'hush2'\n"
        "[mail]\nurl = 'smtp://me:hush3@h'\nfrom = 'a@b'\n[telegram]\ntoken = 'hush4'\n"
        "[blobs]\nurl = 's3://b?secret_access_key=hush5'"
    )
    config = load_config(file)
    assert {f"hush{n}" for n in range(1, 6)} <= set(config.secrets())
    shown = repr(config)
    assert not [n for n in (2, 3, 4) if f"hush{n}" in shown]


def test_pages_have_an_address_without_being_told_one() -> None:
    assert Config().web.base_url == "http://127.0.0.1:8080"
    assert Config(web={"host": "0.0.0.0", "port": 1}).web.base_url == "http://127.0.0.1:1"
    assert Config(web={"base_url": "https://pages.example/"}).web.base_url == "https://pages.example"
    assert Config(web={"port": 0}).web.base_url == ""
    assert Config().web.loopback
    assert not Config(web={"host": "0.0.0.0"}).web.loopback
