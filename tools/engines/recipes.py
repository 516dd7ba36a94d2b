"""What each engine is made of: its Maven profile, its Java, its command line, and how it says that it is ready."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / ".engines"
JARS = HERE / "jars"
DATA = HERE / "data"
LOOPBACK = "127.0.0.1"
ANSWER_SECONDS_MAX = 10.0  # on a machine whose tests keep it busy


@dataclass(frozen=True)
class Recipe:
    """An engine: `command(port, data)` is what follows `java` and the marker."""

    name: str
    profile: str
    java_least: int
    port: int
    command: Callable[[int, Path], list[str]]
    ready: Callable[[str], bool]
    has: Path  # a jar that is there once Maven has brought the profile


def _classes(*folders: str) -> str:
    return ":".join(f"{JARS / folder}/*" for folder in folders)


def _dynamodb(port: int, _data: Path) -> list[str]:
    return [
        "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        f"-Djava.library.path={JARS / 'dynamodb'}", "-cp", _classes("dynamodb"),
        str(Path(__file__).with_name("LoopbackDynamoDb.java")),
        "-inMemory", "-port", str(port), "-disableTelemetry",
    ]  # fmt: skip


def _opensearch(profile: str, *options: str) -> Callable[[int, Path], list[str]]:
    def command(port: int, data: Path) -> list[str]:
        # A name of its own: nodes of one name find each other on loopback, and the one that stays has no quorum.
        cluster = f"rimedio-{profile}-{port}"
        return [
            "-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", *options,
            "-cp", _classes(profile, f"{profile}-knn"), "org.codelibs.opensearch.runner.OpenSearchRunner",
            "-basePath", str(data), "-numOfNode", "1", "-baseHttpPort", str(port - 1),
            "-clusterName", cluster, "-pluginTypes", "org.opensearch.knn.plugin.KNNPlugin", "-useLogger",
        ]  # fmt: skip

    return command


def _answer(url: str, body: Mapping[str, object] | None = None, method: str = "GET") -> tuple[int, bytes]:
    """Status and body of a reply; status 0 when nobody answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, ValueError):
        return 0, b""


def answers(address: str) -> bool:
    """Somebody listens there and says something."""
    return _answer(address)[0] != 0


def dynamodb_ready(address: str) -> bool:
    """It refuses a request without a signature, in DynamoDB's words."""
    status, body = _answer(address)
    return status == 400 and b"MissingAuthenticationToken" in body


def opensearch_ready(address: str) -> bool:
    """The cluster can be written to, and was told not to mind how full this disk is."""
    status, body = _answer(f"{address}/_cluster/health")
    if status != 200 or json.loads(body).get("status") not in ("green", "yellow"):
        return False
    calm = {"transient": {"cluster.routing.allocation.disk.threshold_enabled": False}}
    return _answer(f"{address}/_cluster/settings", calm, "PUT")[0] == 200


RECIPES = (
    Recipe(
        "dynamodb", "dynamodb", 17, 8000, _dynamodb, dynamodb_ready,
        JARS / "dynamodb" / "DynamoDBLocal-2.6.1.jar",
    ),
    Recipe(
        "opensearch", "opensearch2", 17, 9201, _opensearch("opensearch2"), opensearch_ready,
        JARS / "opensearch2-knn" / "opensearch-knn-2.19.1.0.jar",
    ),
    Recipe(
        "opensearch3", "opensearch3", 21, 9221,
        _opensearch("opensearch3", "--enable-native-access=ALL-UNNAMED"), opensearch_ready,
        JARS / "opensearch3-knn" / "opensearch-knn-3.5.0.0.jar",
    ),
)  # fmt: skip
