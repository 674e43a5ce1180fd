"""The operator's side: the model of the task, measured on images that no tenant has."""

from flowstate_flower.deployment.digits import task
from flowstate_flower.deployment.server_app import build_server_app

app = build_server_app(task, evaluation=task.test_data, seed=1)
