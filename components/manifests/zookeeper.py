"""The ensemble's servers of one region: configuration, and a Service and a set for each."""

from __future__ import annotations

import json
from collections.abc import Iterator

from components.manifests.pods import (
    ROLE,
    Manifest,
    Named,
    apart,
    config_map,
    container_security,
    http_probe,
    labels,
    metadata,
    pod_spec,
    resources,
    selector,
    spread,
    stateful_set,
    volume_claim,
)
from components.manifests.region import disruption_budget
from config import pod_ports
from config.names import content_name
from config.plan import FleetPlan, RegionPlan, Server

CONFIG = "zookeeper"
# A server flushes its log and hands its connections over within seconds; a snapshot under way may take longer.
STOP_GRACE_SECONDS = 60

LOGBACK = """<configuration>
  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} %-5p [%t:%C{1}@%L] - %m%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="CONSOLE"/></root>
</configuration>
"""


def objects(plan: FleetPlan, region: RegionPlan) -> Iterator[Named]:
    """The region's part of the ensemble; nothing where it has no servers."""
    if not region.servers:
        return
    config = configuration(plan, region)
    yield f"{region.name}-zookeeper-config", config
    budget = disruption_budget(plan.loaded.stack.namespace, "zookeeper", {ROLE: "zookeeper"})
    yield f"{region.name}-zookeeper-budget", budget
    for server in region.servers:
        name = f"{region.name}-{server.name}"
        yield name, service(plan, region, server)
        yield name, server_set(plan, region, server, str(config["metadata"]["name"]))


def zoo_cfg(plan: FleetPlan) -> str:
    """The servers' static configuration: the same for every server of every region."""
    ensemble = plan.loaded.stack.ensemble
    peers = f"{pod_ports.ZOOKEEPER_PEER}:{pod_ports.ZOOKEEPER_ELECTION}"
    lines = [
        f"tickTime={ensemble.tick_time_ms}",
        f"initLimit={ensemble.init_limit}",
        f"syncLimit={ensemble.sync_limit}",
        f"minSessionTimeout={2 * ensemble.tick_time_ms}",
        f"maxSessionTimeout={20 * ensemble.tick_time_ms}",
        "dataDir=/data",
        # Clients of a whole region may come from one translated address; 60 is the default.
        "maxClientCnxns=4000",
        "autopurge.snapRetainCount=5",
        "autopurge.purgeInterval=1",
        "standaloneEnabled=false",
        "admin.enableServer=false",
        "4lw.commands.whitelist=ruok,srvr,mntr",
        # A server listens on its pod's address, whatever its name resolves to.
        "quorumListenOnAllIPs=true",
        "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
        f"metricsProvider.httpPort={pod_ports.ZOOKEEPER_METRICS}",
        *(f"server.{server.number}={server.host}:{peers};{pod_ports.ZOOKEEPER_CLIENT}" for server in plan.servers),
    ]
    return "\n".join(lines) + "\n"


def configuration(plan: FleetPlan, region: RegionPlan) -> Manifest:
    """The ConfigMap of the region's servers: zoo.cfg, the log's configuration, and each server's id."""
    ids = {f"myid-{server.number}": f"{server.number}\n" for server in region.servers}
    files = {"zoo.cfg": zoo_cfg(plan), "logback.xml": LOGBACK, **ids}
    name = content_name(CONFIG, json.dumps(files, sort_keys=True))
    return config_map(plan.loaded.stack.namespace, name, labels("zookeeper", CONFIG), files)


def service(plan: FleetPlan, region: RegionPlan, server: Server) -> Manifest:
    """One server's own address, which the other regions reach under its host name."""
    seat = region.region.ensemble
    ports = {
        "client": pod_ports.ZOOKEEPER_CLIENT,
        "peer": pod_ports.ZOOKEEPER_PEER,
        "election": pod_ports.ZOOKEEPER_ELECTION,
    }
    annotations = {"external-dns.alpha.kubernetes.io/hostname": server.host}
    described = metadata(
        plan.loaded.stack.namespace, server.name, labels("zookeeper", server.name), annotations=annotations
    )
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": described,
        "spec": {
            "type": seat.service if seat else "ClusterIP",
            "selector": selector("zookeeper", server.name),
            # Servers must find each other before a quorum makes any of them ready.
            "publishNotReadyAddresses": True,
            "ports": [{"name": name, "port": port, "targetPort": name} for name, port in ports.items()],
        },
    }


def server_set(plan: FleetPlan, region: RegionPlan, server: Server, config: str) -> Manifest:
    """The set of one server, which its volume follows. Servers of one region stand on different nodes."""
    ensemble = plan.loaded.stack.ensemble
    labelled = labels("zookeeper", server.name)
    files = {"/conf/zoo.cfg": "zoo.cfg", "/conf/logback.xml": "logback.xml", "/data/myid": f"myid-{server.number}"}
    mounts: list[Manifest] = [{"name": "data", "mountPath": "/data"}]
    mounts += [{"name": "config", "mountPath": path, "subPath": key, "readOnly": True} for path, key in files.items()]
    mounts += [{"name": "scratch", "mountPath": path, "subPath": path[1:]} for path in ("/logs", "/datalog", "/tmp")]
    pod = pod_spec(
        region,
        STOP_GRACE_SECONDS,
        containers=[_container(plan, mounts)],
        volumes=[{"name": "config", "configMap": {"name": config}}, {"name": "scratch", "emptyDir": {}}],
        affinity=apart({ROLE: "zookeeper"}),
        topologySpreadConstraints=spread({ROLE: "zookeeper"}),
    )
    claim = volume_claim(
        "data", {"app.kubernetes.io/instance": server.name}, ensemble.storage, region.region.storage_class
    )
    with_claim = {**pod, "volumeClaimTemplates": [claim]}
    return stateful_set(plan.loaded.stack.namespace, server.name, labelled, server.name, with_claim)


def _container(plan: FleetPlan, mounts: list[Manifest]) -> Manifest:
    ensemble = plan.loaded.stack.ensemble
    ports = {
        "client": pod_ports.ZOOKEEPER_CLIENT,
        "peer": pod_ports.ZOOKEEPER_PEER,
        "election": pod_ports.ZOOKEEPER_ELECTION,
        "metrics": pod_ports.ZOOKEEPER_METRICS,
    }
    listening = {"tcpSocket": {"port": "client"}, "periodSeconds": 5, "failureThreshold": 3, "timeoutSeconds": 3}
    return {
        "name": "zookeeper",
        "image": plan.loaded.release.zookeeper.image,
        "env": [{"name": "JVMFLAGS", "value": "-XX:MaxRAMPercentage=60 -XX:+ExitOnOutOfMemoryError"}],
        "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
        "resources": resources(ensemble.cpu, ensemble.memory),
        "securityContext": container_security(),
        "volumeMounts": mounts,
        # A server of a minority is alive: only a JVM that answers nothing at all is restarted.
        "startupProbe": http_probe("/metrics", pod_ports.ZOOKEEPER_METRICS, period=5, failures=120),
        "livenessProbe": http_probe("/metrics", pod_ports.ZOOKEEPER_METRICS, period=10, failures=6),
        "readinessProbe": listening,
    }
