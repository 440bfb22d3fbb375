"""Settings: environment before file before default, and every problem told at once."""

from pathlib import Path

import pytest

from loyalty.settings import Settings, SettingsInvalid, folder, networks, read


def problems_of(environ: dict[str, str]) -> list[str]:
    """Every problem that the settings of an environment have."""
    with pytest.raises(SettingsInvalid) as refused:
        read(environ)
    return str(refused.value).splitlines()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file with a value for everything."""
    path = tmp_path / "settings.toml"
    path.write_text(
        'program = "heron"\ndatabase_url = "postgresql+psycopg://db/loyalty"\nconfig = "/etc/loyalty"\nworkers = 8\n'
        'keep_runs = 90\nkeep_quiet_runs = 2\nwebhook_networks = "10.0.0.0/8"\n[jobs]\nrecalculate = "15 4 * * *"\n',
        encoding="utf-8",
    )
    return path


def test_without_any_setting_the_defaults_hold() -> None:
    found = read({"PATH": "/bin", "LOYAL": "1"})
    assert found == Settings("skyway", "sqlite:///loyalty.db", "", 2, 400, 7, jobs={})


def test_the_environment_sets() -> None:
    found = read({"LOYALTY_PROGRAM": "heron", "LOYALTY_WORKERS": "16", "LOYALTY_JOBS_RECALCULATE": "59 23 * * *"})
    assert (found.program, found.workers, found.jobs) == ("heron", 16, {"recalculate": "59 23 * * *"})


def test_a_file_sets(file: Path) -> None:
    at = {"recalculate": "15 4 * * *"}
    kept = ("heron", "postgresql+psycopg://db/loyalty", "/etc/loyalty", 8, 90, 2)
    expected = Settings(*kept, webhook_networks="10.0.0.0/8", jobs=at)
    assert read({"LOYALTY_SETTINGS": str(file)}) == expected


def test_the_environment_comes_before_the_file(file: Path) -> None:
    more = {"LOYALTY_JOBS_SNAPSHOT": "off", "LOYALTY_JOBS_TRIM": "0 5 * * 7"}
    file.write_text(file.read_text("utf-8") + 'snapshot = "0 6 * * *"\n', encoding="utf-8")
    found = read({"LOYALTY_WORKERS": "3", "LOYALTY_SETTINGS": str(file), "LOYALTY_PROGRAM": "egret", **more})
    assert (found.program, found.workers) == ("egret", 3)
    assert found.jobs == {"recalculate": "15 4 * * *", "snapshot": "off", "trim": "0 5 * * 7"}


def test_the_process_s_own_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOYALTY_SETTINGS", raising=False)
    monkeypatch.setenv("LOYALTY_PROGRAM", "heron")
    assert read().program == "heron"


def test_all_problems_are_told_at_once(file: Path) -> None:
    file.write_text('programme = "heron"\nworkers = 0\nrecalculate_at = "2:30"\njobs = 3\n', encoding="utf-8")
    names = (
        "program, database_url, config, workers, keep_runs, keep_quiet_runs, mail, mail_from, mail_bounces, mail_user, "
        "mail_password, mail_per_second, web_address, secret, old_secrets, webhook_networks, webhook_patience, "
        "keep_deliveries, proxies, limits, oidc_issuer, oidc_client_id, oidc_client_secret, wallet_images, "
        "wallet_apple_certificate, wallet_apple_key, wallet_apple_wwdr, wallet_apple_team, wallet_apple_pass_type, "
        "wallet_google_issuer, wallet_google_class, wallet_google_key, jobs"
    )
    assert problems_of({"LOYALTY_SETTINGS": str(file), "LOYALTY_DATABSE_URL": "sqlite://", "LOYALTY_PORT": "80"}) == [
        "Setting jobs: found 3; allowed: a table of cron lines, each a text.",
        f"Setting programme is unknown; allowed: {names}. Did you mean program?",
        "Setting workers: found 0; allowed: a whole number from 1.",
        'Setting recalculate_at is no more: say jobs.recalculate, a cron line: 02:30 is "30 2 * * *".',
        f"Setting databse_url is unknown; allowed: {names}. Did you mean database_url?",
        f"Setting port is unknown; allowed: {names}.",
    ]


@pytest.mark.parametrize("workers", ["0", "-1", "two", "2.0", "", " 2", "1e1", "0x2"])
def test_workers_are_a_whole_number_from_one(workers: str) -> None:
    assert problems_of({"LOYALTY_WORKERS": workers}) == [
        f"Setting workers: found {workers!r}; allowed: a whole number from 1.",
    ]


@pytest.mark.parametrize("written", ["true", "2.0", '"two"', "[2]", "-2"])
def test_workers_of_a_file_are_a_whole_number_too(file: Path, written: str) -> None:
    file.write_text(f"workers = {written}\n", encoding="utf-8")
    (problem,) = problems_of({"LOYALTY_SETTINGS": str(file)})
    assert problem.startswith("Setting workers: found ")


@pytest.mark.parametrize("written", ["recalculate = 230", 'recalculate = ["30 2 * * *"]', "recalculate = true"])
def test_the_time_of_a_job_is_a_text(file: Path, written: str) -> None:
    """Which names there are, and what a cron line may say, is checked by the timetable."""
    file.write_text(f"[jobs]\n{written}\n", encoding="utf-8")
    (problem,) = problems_of({"LOYALTY_SETTINGS": str(file)})
    assert problem.startswith("Setting jobs: found {") and problem.endswith("; allowed: a table of cron lines, each a text.")


@pytest.mark.parametrize(("issuer", "taken"), [
    ("https://id.house.example/realm", True), ("http://localhost:8080/realm", True), ("http://id.house.example", False),
    ("id.house.example", False),
])  # fmt: skip
def test_an_identity_provider_is_asked_by_https(issuer: str, taken: bool) -> None:
    environ = {"LOYALTY_OIDC_ISSUER": issuer, "LOYALTY_OIDC_CLIENT_SECRET": "never shown"}
    if taken:
        found = read(environ)
        assert found.oidc_issuer == issuer and "never shown" not in repr(found)
    else:
        assert "begins with https://" in problems_of(environ)[0]


def test_jobs_are_set_one_by_one_in_the_environment() -> None:
    assert problems_of({"LOYALTY_JOBS": "30 2 * * *"}) == [
        "Setting jobs: found '30 2 * * *'; allowed: one setting for each job, jobs_NAME.",
    ]


def test_a_file_that_is_missing_or_no_toml_is_told_by_its_name(tmp_path: Path) -> None:
    missing, broken = tmp_path / "none.toml", tmp_path / "broken.toml"
    broken.write_text("workers = \n", encoding="utf-8")
    (told,) = problems_of({"LOYALTY_SETTINGS": str(missing)})
    assert told.startswith(f"{missing}: ")
    told, also = problems_of({"LOYALTY_SETTINGS": str(broken), "LOYALTY_WORKERS": "none"})
    assert told.startswith(f"{broken}: ")
    assert "line 1" in told
    assert also == "Setting workers: found 'none'; allowed: a whole number from 1."


def test_the_config_folder_is_the_one_set_or_the_one_that_comes_along(tmp_path: Path) -> None:
    assert Settings(config=str(tmp_path)).config_folder == tmp_path
    assert Settings().config_folder == folder("config")
    assert (folder("config") / "programs").is_dir()


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "everything", "10.0.0.0/8, 10.1.0.0/16", "::/200"])
def test_what_is_no_network_is_refused(text: str) -> None:
    (problem,) = problems_of({"LOYALTY_WEBHOOK_NETWORKS": text})
    assert problem.startswith("Setting webhook_networks: ") and problem.endswith("such as 10.1.0.0/16, separated by spaces.")


def test_networks_are_of_both_kinds() -> None:
    found = read({"LOYALTY_WEBHOOK_NETWORKS": " 10.1.0.0/16  fd00::/8 192.0.2.7"})
    assert [str(one) for one in networks(found.webhook_networks)] == ["10.1.0.0/16", "fd00::/8", "192.0.2.7/32"]
