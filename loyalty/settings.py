"""Settings: environment first, then a TOML file; every problem is told at once, nothing is guessed."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

PREFIX = "LOYALTY_"
DEFAULT_DATABASE = "sqlite:///loyalty.db"
#: Settings that were, and what is said in their place.
GONE = {"recalculate_at": 'say jobs.recalculate, a cron line: 02:30 is "30 2 * * *"'}
#: Settings that are never shown.
SECRET = ("mail_password", "secret", "old_secrets", "oidc_client_secret")
_ADDRESS = r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+|"
#: What some settings must look like, and how that is said.
FORMS = {
    "mail": (
        r"console|folder:.+|smtps?://[^/:@\s]+(:[0-9]{1,5})?|smtp\+starttls://[^/:@\s]+(:[0-9]{1,5})?|",
        "console, folder:PATH, smtp+starttls://HOST:PORT, smtps://HOST:PORT, smtp://HOST:PORT; user and password are settings "
        "of their own",
    ),
    "mail_from": (_ADDRESS, "an address, name@domain"),
    "mail_bounces": (_ADDRESS, "an address, name@domain"),
    "web_address": (r"https?://[!-~]+[^/\s]|", "an address that begins with https:// and ends without /"),
    "oidc_issuer": (
        r"https://[!-~]+|http://(localhost|127\.0\.0\.1)(:[0-9]+)?(/[!-~]*)?|",
        "an address that begins with https://",
    ),
    "limits": (r"rediss?://[!-~]+|memcached://[!-~]+|memory://|", "redis://HOST, rediss://HOST, memcached://HOST"),
    "secret": (r"\S{32,}|", "at least 32 characters, no spaces"),
    "old_secrets": (r"(\S{32,}\s*)*", "texts of at least 32 characters each, separated by spaces"),
}


class SettingsInvalid(Exception):
    """The settings cannot be used; the message lists every problem."""


@dataclass(frozen=True)
class Settings:
    """What a deployment chooses.

    `program` is a folder of config/programs; `database_url` any SQLAlchemy address of SQLite or PostgreSQL;
    `config` the folder that holds programs/ and imports/; `workers` the processes of a run over many members;
    `keep_runs` the days for which the history of runs is kept, `keep_quiet_runs` those for runs that had nothing to do;
    `mail` is where mail goes: `console`, `folder:PATH`, `smtp+starttls://HOST:PORT`, `smtps://HOST:PORT`, or, to a relay on the
    same machine, `smtp://HOST:PORT`; none is sent without it. `mail_from` is the sender's address, `mail_bounces` the one to
    which reports of failure come (its name gets a plus and the message's key; `mail_from` without it); `mail_user` and
    `mail_password` sign in; at most `mail_per_second` are sent. `web_address` is where this deployment's pages are; `secret`
    signs what is in links, `old_secrets`, separated by spaces, are still taken where it was changed.
    `webhook_networks` are networks that webhooks may go to although they are not public, also by http; an endpoint that has
    failed alone for `webhook_patience` days is disabled; deliveries are kept for `keep_deliveries` days;
    `proxies` is how many proxies stand before the pages, each of which says who asks (X-Forwarded-For); `limits` where it is
    counted how often an address asks, `redis://HOST`, in each process by itself without it;
    `oidc_issuer` is the identity provider of staff (OpenID Connect), `oidc_client_id` and `oidc_client_secret` what it knows
    this deployment by; without the first nobody signs in by one;
    `wallet_apple_certificate`, `wallet_apple_key` and `wallet_apple_wwdr` are PEM files of the certificate of a pass type, its
    key and Apple's intermediate certificate, `wallet_apple_team` and `wallet_apple_pass_type` the identifiers that it was given
    for; `wallet_google_issuer` and `wallet_google_class` are the issuer and the loyalty class of Google Wallet,
    `wallet_google_key` the key file (JSON) of the service account that signs; `wallet_images` a folder with icon.png and so on,
    in place of a drawn icon;
    `jobs` the cron line of each job that is to run at other times than the timetable says (loyalty/jobs/timetable.py, which
    checks it).
    """

    program: str = "skyway"
    database_url: str = DEFAULT_DATABASE
    config: str = ""
    workers: int = 2
    keep_runs: int = 400
    keep_quiet_runs: int = 7
    mail: str = ""
    mail_from: str = ""
    mail_bounces: str = ""
    mail_user: str = ""
    mail_password: str = field(default="", repr=False)
    mail_per_second: int = 50
    web_address: str = ""
    secret: str = field(default="", repr=False)
    old_secrets: str = field(default="", repr=False)
    webhook_networks: str = ""
    webhook_patience: int = 5
    keep_deliveries: int = 90
    proxies: int = 0
    limits: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    wallet_images: str = ""
    wallet_apple_certificate: str = ""
    wallet_apple_key: str = ""
    wallet_apple_wwdr: str = ""
    wallet_apple_team: str = ""
    wallet_apple_pass_type: str = ""
    wallet_google_issuer: str = ""
    wallet_google_class: str = ""
    wallet_google_key: str = ""
    jobs: Mapping[str, str] = field(default_factory=dict)

    @property
    def config_folder(self) -> Path:
        """The folder of programs and import mappings: as set, or the one that travels with the package."""
        return Path(self.config) if self.config else folder("config")


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """The networks that a text names, separated by spaces. Raises ValueError where it names something else."""
    return [ip_network(one) for one in text.split()]


def folder(name: str) -> Path:
    """A top-level folder (config, migrations, templates): inside an installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process: LOYALTY_<NAME>, else the file named by LOYALTY_SETTINGS, else the default.

    Raises SettingsInvalid with all problems: an unknown name (and the nearest known), a wrong type, a missing file.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    given = dict(_file(environ.get(PREFIX + "SETTINGS"), problems))
    at = _jobs(given.pop("jobs", {}), problems)
    for name, value in environ.items():
        known = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX + "JOBS_"):
            at[known.removeprefix("jobs_")] = value
        elif name.startswith(PREFIX) and name != PREFIX + "SETTINGS":
            given[known] = value
    values = {name: _typed(name, value, problems) for name, value in given.items()}
    if problems:
        raise SettingsInvalid("\n".join(problems))
    return Settings(**values, jobs=at)  # type: ignore[arg-type]


def _file(path: str | None, problems: list[str]) -> Mapping[str, object]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}: {error}")
        return {}


def _jobs(table: object, problems: list[str]) -> dict[str, str]:
    """The [jobs] table of a file: job -> cron line."""
    if isinstance(table, dict) and all(isinstance(value, str) for value in table.values()):
        return dict(table)
    problems.append(f"Setting jobs: found {table!r}; allowed: a table of cron lines, each a text.")
    return {}


def _typed(name: str, value: object, problems: list[str]) -> object:
    known = {each.name: each.type for each in fields(Settings)}
    if name in GONE:
        problems.append(f"Setting {name} is no more: {GONE[name]}.")
    elif name == "jobs":
        problems.append(f"Setting jobs: found {value!r}; allowed: one setting for each job, jobs_NAME.")
    elif name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        problems.append(f"Setting {name} is unknown; allowed: {', '.join(known)}.{hint}")
    elif known[name] is int:
        if re.fullmatch(r"[1-9][0-9]{0,3}" + ("|0" if name == "proxies" else ""), str(value)):
            return int(str(value))
        problems.append(f"Setting {name}: found {value!r}; allowed: a whole number from 1.")
    elif not isinstance(value, str):
        problems.append(f"Setting {name}: found {'something else' if name in SECRET else repr(value)}; allowed: a text.")
    elif name in FORMS and not re.fullmatch(FORMS[name][0], value):
        problems.append(
            f"Setting {name}: found {'another text' if name in SECRET else repr(value)}; allowed: {FORMS[name][1]}."
        )
    elif name == "webhook_networks":
        try:
            networks(value)
        except ValueError as error:
            problems.append(f"Setting {name}: {error}; allowed: networks such as 10.1.0.0/16, separated by spaces.")
    return value
