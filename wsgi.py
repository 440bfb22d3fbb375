"""The application for a WSGI server: gunicorn wsgi:app. It builds the application of the settings, nothing else."""

from loyalty import clock
from loyalty.jobs.deployment import read_deployment
from loyalty.web import create_app

deployment = read_deployment().ready(clock.now())
deployment.store.close()  # a server that forks afterwards must not share connections
app = create_app(deployment)
