"""Task tokens and activities."""

from rimedio.asl.errors import InvalidInput
from rimedio.asl.execution.engine import Engine
from rimedio.asl.integrations.activities import Activities
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields
from rimedio.asl.wire.tags import Tags


class Tasks:
    """Operations of whoever works on tasks."""

    def __init__(self, engine: Engine, activities: Activities, tags: Tags, poll_seconds: float) -> None:
        self._engine = engine
        self._activities = activities
        self._tags = tags
        self._poll_seconds = poll_seconds

    def send_task_success(self, request: Fields) -> JSON:
        """SendTaskSuccess."""
        output = request.json("output", "InvalidOutput", "Output")
        try:
            self._engine.send_task_success(request.text("taskToken"), output)
        except InvalidInput as error:
            raise Fault("InvalidOutput", f"Invalid Output: '{error}'") from error
        return {}

    def send_task_failure(self, request: Fields) -> JSON:
        """SendTaskFailure."""
        error, cause = request.text_or_none("error"), request.text_or_none("cause")
        self._engine.send_task_failure(request.text("taskToken"), error, cause)
        return {}

    def send_task_heartbeat(self, request: Fields) -> JSON:
        """SendTaskHeartbeat."""
        self._engine.send_task_heartbeat(request.text("taskToken"))
        return {}

    def create_activity(self, request: Fields) -> JSON:
        """CreateActivity."""
        arn = self._activities.create(request.name())
        self._tags.add(arn, request)
        return {"activityArn": arn, "creationDate": self._activities.created(arn)}

    def delete_activity(self, request: Fields) -> JSON:
        """DeleteActivity; one that is not there is no error."""
        arn = request.arn("activityArn", "activity")
        self._activities.delete(arn)
        self._tags.forget(arn)
        return {}

    def describe_activity(self, request: Fields) -> JSON:
        """DescribeActivity."""
        return self._row(request.arn("activityArn", "activity"))

    def list_activities(self, request: Fields) -> JSON:
        """ListActivities."""
        return request.listed("activities", self._activities.list(), self._row)

    def get_activity_task(self, request: Fields) -> JSON:
        """GetActivityTask; empty when no task came in time."""
        arn = request.arn("activityArn", "activity")
        task = self._activities.get_task(arn, request.text_or_none("workerName"), self._poll_seconds)
        return {} if task is None else {"taskToken": task.token, "input": task.input}

    def _row(self, arn: str) -> JSON:
        name = arn.rpartition(":")[2]
        return {"activityArn": arn, "name": name, "creationDate": self._activities.created(arn)}
