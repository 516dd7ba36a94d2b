"""Task tokens and activities."""

from collections.abc import Callable, Mapping

from rimedio.asl.errors import InvalidInput
from rimedio.asl.execution.engine import Engine
from rimedio.asl.integrations.activities import Activities
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields
from rimedio.asl.wire.tags import Tags


class Tasks:
    """Operations of whoever works on tasks."""

    def __init__(self, engine: Engine, activities: Activities, tags: Tags) -> None:
        self._engine = engine
        self._activities = activities
        self._tags = tags

    def operations(self) -> Mapping[str, Callable[[Fields], JSON]]:
        """By name."""
        return {
            "SendTaskSuccess": self._succeed,
            "SendTaskFailure": self._fail,
            "SendTaskHeartbeat": self._heartbeat,
            "CreateActivity": self._create,
            "DeleteActivity": self._delete,
            "DescribeActivity": self._describe,
            "ListActivities": self._list,
            "GetActivityTask": self._get,
        }

    def _succeed(self, request: Fields) -> JSON:
        output = request.json("output", "InvalidOutput", "")
        try:
            self._engine.send_task_success(request.text("taskToken"), output)
        except InvalidInput as error:
            raise Fault("InvalidOutput", str(error)) from error
        return {}

    def _fail(self, request: Fields) -> JSON:
        error, cause = request.text_or_none("error"), request.text_or_none("cause")
        self._engine.send_task_failure(request.text("taskToken"), error, cause)
        return {}

    def _heartbeat(self, request: Fields) -> JSON:
        self._engine.send_task_heartbeat(request.text("taskToken"))
        return {}

    # -- activities

    def _create(self, request: Fields) -> JSON:
        arn = self._activities.create(request.name())
        self._tags.add(arn, request)
        return {"activityArn": arn, "creationDate": self._activities.created(arn)}

    def _delete(self, request: Fields) -> JSON:
        arn = request.arn("activityArn", "activity")
        self._activities.delete(arn)
        self._tags.forget(arn)
        return {}

    def _row(self, arn: str) -> dict[str, JSON]:
        name = arn.rpartition(":")[2]
        return {"activityArn": arn, "name": name, "creationDate": self._activities.created(arn)}

    def _describe(self, request: Fields) -> JSON:
        return self._row(request.arn("activityArn", "activity"))

    def _list(self, request: Fields) -> JSON:
        arns, more = request.page(self._activities.list())
        told: list[JSON] = [self._row(arn) for arn in arns]
        return {"activities": told, **more}

    def _get(self, request: Fields) -> JSON:
        arn = request.arn("activityArn", "activity")
        task = self._activities.get_task(arn, request.text_or_none("workerName"))
        return {} if task is None else {"taskToken": task.token, "input": task.input}
