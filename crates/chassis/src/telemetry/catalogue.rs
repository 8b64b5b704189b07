//! Every metric of the platform: the one place that names them. What alerts and dashboards ask for is checked against it.

use super::metric::{Kind, Metric};

macro_rules! catalogue {
    ($($id:ident: $kind:ident, $name:literal, $unit:literal, $labels:expr, $description:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $description, ".")]
            pub static $id: Metric = Metric::new($name, Kind::$kind, $unit, $description, &$labels);
        )*
        /// All of them.
        pub static ALL: &[&Metric] = &[$(&$id),*];
    };
}

catalogue! {
    // Requests.
    RPC_DURATION: Histogram, "rpc.server.call.duration", "s",
        ["rpc.system.name", "rpc.method", "rpc.response.status_code", "ngkt.caller.class"],
        "How long rpcs take, by rpc, outcome and kind of caller";
    HTTP_DURATION: Histogram, "http.server.request.duration", "s",
        ["http.request.method", "http.route", "http.response.status_code", "rpc.response.status_code", "ngkt.face",
            "ngkt.caller.class"],
        "How long requests at the gateway take, by route, outcome and kind of caller";
    SERVER_REQUESTS: Gauge, "ngkt.server.requests.active", "{request}", ["ngkt.service"],
        "Requests at work";
    SERVER_REQUESTS_MAX: Gauge, "ngkt.server.requests.limit", "{request}", ["ngkt.service"],
        "Requests that may be at work at the same time";
    SERVER_STREAMS: Gauge, "ngkt.server.streams.active", "{stream}", ["ngkt.service"],
        "Streams that are open";
    SERVER_STREAMS_MAX: Gauge, "ngkt.server.streams.limit", "{stream}", ["ngkt.service"],
        "Streams that may be open at the same time";
    SERVER_CONNECTIONS: Gauge, "ngkt.server.connections.active", "{connection}", ["ngkt.service"],
        "Connections of clients that are open";
    SERVER_CONNECTIONS_MAX: Gauge, "ngkt.server.connections.limit", "{connection}", ["ngkt.service"],
        "Connections of clients that may be open at the same time";
    SERVER_REFUSED: Counter, "ngkt.server.refused", "{request}", ["ngkt.service", "ngkt.limit"],
        "Requests that were refused because there was no room, by the limit that was reached";

    // The database.
    POOL_CONNECTIONS: Gauge, "db.client.connection.count", "{connection}",
        ["ngkt.service", "db.client.connection.state"],
        "Connections to the database, used and idle";
    POOL_CONNECTIONS_MAX: Gauge, "db.client.connection.max", "{connection}", ["ngkt.service"],
        "Connections to the database that there may be";
    POOL_WAIT: Histogram, "db.client.connection.wait_time", "s", [],
        "How long whoever needs a connection to the database waits for it";
    POOL_TIMEOUTS: Counter, "db.client.connection.timeouts", "{timeout}", [],
        "How often no connection to the database became free, or could be made, in time";
    STATEMENT_DURATION: Histogram, "db.client.operation.duration", "s", ["ngkt.service", "db.operation.name"],
        "How long statements take, the wait for a connection included";
    COMMIT_SIZE: Histogram, "ngkt.db.commit.size", "{write}", ["ngkt.service"],
        "How many writes share one commit on SQLite";
    COMMIT_DURATION: Histogram, "ngkt.db.commit.duration", "s", ["ngkt.service"],
        "How long a commit takes until it is on the disk";

    // Change logs and those who follow them.
    FEED_LAG: Gauge, "ngkt.feed.lag", "s", ["ngkt.service"],
        "Age of the oldest entry of the change log that readers cannot see yet";
    FEED_HEAD: Gauge, "ngkt.feed.head", "{entry}", ["ngkt.service"],
        "Number of the last entry of the change log that readers see";
    CONSUMER_POSITION: Gauge, "ngkt.consumer.position", "{entry}", ["ngkt.service", "ngkt.consumer", "ngkt.peer"],
        "Number of the last entry of a peer's change log that a consumer has taken";
    CONSUMER_LAG: Gauge, "ngkt.consumer.lag", "s", ["ngkt.service", "ngkt.consumer", "ngkt.peer"],
        "How long ago a consumer last had everything that its peer's change log had; below 15 s is in step";
    UNSEALED_AGE: Gauge, "ngkt.audit.unsealed.age", "s", ["ngkt.service"],
        "Age of the oldest entry of the change log that no seal covers yet";

    // Work that waits.
    QUEUE_DEPTH: Gauge, "ngkt.queue.depth", "{job}", ["ngkt.service", "ngkt.queue", "ngkt.job.state"],
        "Jobs in a queue: due, waiting for their time, and dead";
    QUEUE_AGE: Gauge, "ngkt.queue.age", "s", ["ngkt.service", "ngkt.queue"],
        "How long the oldest due job of a queue has been due";
    WEBHOOK_ATTEMPT: Histogram, "ngkt.webhook.attempt.duration", "s", ["ngkt.webhook.result"],
        "How long receivers of webhooks take to answer, by what they answer";
    WEBHOOK_DELIVERIES: Counter, "ngkt.webhook.deliveries", "{delivery}", ["ngkt.webhook.outcome"],
        "What became of deliveries after an attempt: delivered, to be tried again, given up or cancelled";
    WEBHOOK_ENDPOINTS: Gauge, "ngkt.webhook.endpoints", "{endpoint}", ["ngkt.webhook.state"],
        "Endpoints of webhooks: well, failing (the last attempt was in vain), and disabled";

    // TLS.
    CERTIFICATE_LEFT: Gauge, "ngkt.tls.certificate.remaining", "s", ["ngkt.setting"],
        "How long a certificate that this process shows is still good; below zero it has expired";

    // Issuers of tokens.
    ISSUER_SILENCE: Gauge, "ngkt.issuer.silence", "s", ["ngkt.issuer"],
        "How long ago the keys of an issuer outside were last read, or since when they have been wanted";
    ISSUER_TOKENS: Counter, "ngkt.issuer.tokens", "{token}", ["ngkt.issuer", "ngkt.issuer.outcome"],
        "Tokens of issuers outside that were checked: taken, refused, or told to come again because its keys are not known";

    // The process.
    MEMORY: Gauge, "process.memory.usage", "By", [], "Resident memory of the process";
    MEMORY_MAX: Gauge, "ngkt.process.memory.limit", "By", [], "Memory that the process's control group may use";
    DESCRIPTORS: Gauge, "process.unix.file_descriptor.count", "{file_descriptor}", [],
        "File descriptors that the process has open";
    DESCRIPTORS_MAX: Gauge, "ngkt.process.file_descriptor.limit", "{file_descriptor}", [],
        "File descriptors that the process may have open";
    UPTIME: Gauge, "process.uptime", "s", [], "How long the process has been running";
    BUILD: Gauge, "ngkt.build.info", "{build}", ["service.version", "ngkt.commit", "ngkt.target", "ngkt.profile"],
        "1 for the build that the process runs";
}
