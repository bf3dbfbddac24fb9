"""The files of the ensemble's servers: configuration, membership, JVM flags, the log's form, and their scripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from config import pod_ports
from config.plan import FleetPlan, Server
from config.quantities import gibibytes

SCRIPTS = Path(__file__).resolve().parent / "scripts"
SECRETS = "/tls"
# Of the container's memory; the rest is the JVM's own, with the buffers of its connections.
HEAP_SHARE = 0.6
CIPHERS = "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256"

LOGBACK = """<configuration>
  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} %-5p [%t:%C{1}@%L] - %m%n</pattern></encoder>
  </appender>
  <appender name="AUDIT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} AUDIT %m%n</pattern></encoder>
  </appender>
  <logger name="org.apache.zookeeper.audit.Slf4jAuditLogger" level="INFO" additivity="false">
    <appender-ref ref="AUDIT"/>
  </logger>
  <logger name="org.apache.zookeeper.server.NettyServerCnxn" level="WARN"/>
  <root level="INFO"><appender-ref ref="CONSOLE"/></root>
</configuration>
"""


def files(plan: FleetPlan) -> dict[str, str]:
    """The files below /conf, the same for every server of every region; a change of them restarts all, one by one."""
    return {
        "zoo.cfg": zoo_cfg(plan),
        "jvm.options": jvm_options(plan.loaded.stack.ensemble.memory),
        "logback.xml": LOGBACK,
        **{name: script(name) for name in ("prepare.sh", "certificates.sh", "health.sh", "leave.sh", "role.sh")},
        **({"backup.sh": script("backup.sh")} if plan.loaded.stack.ensemble.backup else {}),
    }


@cache
def script(name: str) -> str:
    """A script that runs in the servers' pods."""
    return (SCRIPTS / name).read_text()


def member(server: Server) -> str:
    """A server as ZooKeeper writes it; its plain port is the pod's loopback, where no session is let in."""
    role = "participant" if server.votes else "observer"
    ports = f"{server.ports['peer']}:{server.ports['election']}"
    return f"server.{server.number}={server.host}:{ports}:{role};127.0.0.1:{pod_ports.ZOOKEEPER_LOCAL}"


def members(plan: FleetPlan) -> str:
    """What an empty server takes its membership from; later, each server remembers its own."""
    return "".join(f"{member(server)}\n" for server in plan.servers)


def zoo_cfg(plan: FleetPlan) -> str:
    """The configuration that never changes while a server runs: time, disk, identities, observation."""
    ensemble = plan.loaded.stack.ensemble
    log = ["dataLogDir=/datalog"] if ensemble.log_storage else []
    lines = [
        f"tickTime={ensemble.tick_time_ms}",
        f"initLimit={ensemble.init_limit}",
        f"syncLimit={ensemble.sync_ticks}",
        f"minSessionTimeout={2 * ensemble.tick_time_ms}",
        f"maxSessionTimeout={20 * ensemble.tick_time_ms}",
        "dataDir=/data",
        *log,
        "autopurge.snapRetainCount=5",
        "autopurge.purgeInterval=1",
        # A server that lost its data has no vote until it has the others': it could elect a past without their writes.
        "db.autocreate=false",
        "standaloneEnabled=false",
        "reconfigEnabled=true",
        # A server listens on its pod's address, whatever its name resolves to.
        "quorumListenOnAllIPs=true",
        # Clients of a whole region may come from one translated address; 60 is the default.
        "maxClientCnxns=4000",
        *_identities(),
        "admin.enableServer=false",
        "4lw.commands.whitelist=ruok,srvr,mntr",
        "audit.enable=true",
        "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
        f"metricsProvider.httpPort={pod_ports.ZOOKEEPER_METRICS}",
        "metricsProvider.exportJvmInfo=true",
    ]
    return "\n".join(lines) + "\n"


def _identities() -> list[str]:
    """Mutual TLS everywhere, two authorities: what may open a session may not join the quorum."""
    return [
        f"secureClientPort={pod_ports.ZOOKEEPER_CLIENT}",
        "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
        "sslQuorum=true",
        "sslQuorumReloadCertFiles=true",
        # Closing a TLS connection waits for the other side's word: a frozen leader would cost its timeout twice.
        "learner.closeSocketAsync=true",
        "leader.closeSocketAsync=true",
        f"ssl.quorum.keyStore.location={SECRETS}/peer.pem",
        f"ssl.quorum.trustStore.location={SECRETS}/peer-ca.pem",
        "ssl.quorum.clientAuth=need",
        "ssl.quorum.protocol=TLSv1.3",
        "ssl.quorum.enabledProtocols=TLSv1.3",
        f"ssl.quorum.ciphersuites={CIPHERS}",
        "client.certReload=true",
        f"ssl.keyStore.location={SECRETS}/server.pem",
        f"ssl.trustStore.location={SECRETS}/client-ca.pem",
        "ssl.clientAuth=need",
        # When a leader dies, the clients of all servers shake hands again at once. So with BoringSSL, which comes with
        # ZooKeeper, and with files read once: without an authProvider each connection reads them anew, one at a time.
        "ssl.sslProvider=OPENSSL",
        "ssl.authProvider=x509",
        "ssl.protocol=TLSv1.3",
        "ssl.enabledProtocols=TLSv1.3",
        "authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider",
        "enforce.auth.enabled=true",
        "enforce.auth.schemes=x509",
    ]


MOST_BETWEEN_QUESTIONS_MS = 1_600  # three doublings of the first 200


def jvm_options(memory: str) -> str:
    """Java's command line, as a file that `java @/conf/jvm.options` reads. `memory` is the container's, such as 1Gi."""
    heap = int(HEAP_SHARE * gibibytes(memory) * 1024)
    options = [
        f"-Xms{heap}m",
        f"-Xmx{heap}m",
        # Few writes a second: what counts is how soon a server that was restarted is as fast as before.
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=50",
        "-XX:+ExitOnOutOfMemoryError",
        # Its shared file of counters is written through to a disk that others may keep busy.
        "-XX:+PerfDisableSharedMem",
        # Addresses of load balancers change.
        "-Dsun.net.inetaddr.ttl=10",
        # Who finds no leader asks again after twice the time, by itself up to a minute: everybody would wait for it.
        f"-Dzookeeper.fastleader.maxNotificationInterval={MOST_BETWEEN_QUESTIONS_MS}",
        "-Dlogback.configurationFile=/conf/logback.xml",
        "-cp /zookeeper/lib/*",
    ]
    return "\n".join(options) + "\n"
