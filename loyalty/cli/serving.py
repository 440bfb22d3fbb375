"""The command that serves the pages."""

from typing import Any

import click
from gunicorn.app.base import BaseApplication

from loyalty.cli.edge import opened
from loyalty.cli.output import refusals
from loyalty.jobs.deployment import Deployment
from loyalty.web import create_app

#: Where pages are served where nothing else is said.
HOST, PORT = "127.0.0.1", 8000


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our application, which each worker makes for itself: connections are not shared between processes."""

    def __init__(self, deployment: Deployment, options: dict[str, Any]) -> None:
        self.deployment, self.options = deployment, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(Deployment(self.deployment.settings))


def serve_pages(deployment: Deployment, host: str, port: int, workers: int) -> None:
    """Serve until stopped."""
    create_app(deployment)  # what is missing is told here, not by a worker that dies
    deployment.store.close()
    options = {"bind": f"{host}:{port}", "workers": workers, "threads": 2, "worker_class": "gthread", "timeout": 60,
               "accesslog": None, "errorlog": "-", "loglevel": "warning", "proc_name": "loyalty"}  # fmt: skip
    _Server(deployment, options).run()


@click.command()
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes, of two threads each.")
@refusals
def serve(host: str, port: int, workers: int) -> None:
    """Serve the pages of members until stopped. A proxy with https belongs before it; LOYALTY_PROXIES says how many."""
    deployment, _ = opened()
    click.echo(f"Serving {deployment.program.id} at http://{host}:{port}")
    serve_pages(deployment, host, port, workers)
