//! Each rule is broken on purpose in a small proto; the error must name the line and say what is wrong.

use std::path::Path;

use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

const FILE: &str = "ngkt/trial/v1/thing.proto";

/// A proto that breaks no rule. The tests replace one piece of it.
const GOOD: &str = r#"syntax = "proto3";
package ngkt.trial.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/api/resource.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/timestamp.proto";
import "ngkt/options/v1/access.proto";
import "ngkt/options/v1/change.proto";
import "ngkt/options/v1/failure.proto";
import "ngkt/options/v1/format.proto";
import "ngkt/type/v1/audience.proto";
// Things.
service ThingService {
  // Gets one.
  rpc GetThing(GetThingRequest) returns (Thing) {
    option (google.api.http) = {get: "/v1/{name=things/*}"};
    option (ngkt.options.v1.access) = {public: true};
  }
  // Mends one.
  rpc MendThing(MendThingRequest) returns (Thing) {
    option (google.api.http) = {post: "/v1/{name=things/*}:mend" body: "*"};
    option (ngkt.options.v1.access) = {roles: [ADMINISTRATOR]};
    option (ngkt.options.v1.change) = "thing.mended";
    option (ngkt.options.v1.failures) = "WHOLE";
  }
}
// What can go wrong.
enum ThingFailure {
  // Nothing.
  THING_FAILURE_UNSPECIFIED = 0;
  // It is whole.
  WHOLE = 1 [(ngkt.options.v1.failure) = {code: FAILED_PRECONDITION, message: "{name} is whole"}];
}
// A thing.
message Thing {
  option (google.api.resource) = {type: "ngkt.vn/Thing" pattern: "things/{thing}" singular: "thing" plural: "things"};
  // Its name.
  string name = 1 [(google.api.field_behavior) = IDENTIFIER];
  // Its title.
  string title = 2 [(buf.validate.field).string.max_len = 9];
  // Its size.
  int32 size = 3 [(buf.validate.field).int32 = {gte: 1 lte: 9}];
  // Its tags.
  repeated string tags = 4 [(buf.validate.field).repeated.unique = true];
  // Owner.
  string owner = 90;
  // Audience.
  ngkt.type.v1.Audience audience = 91;
  // Created.
  google.protobuf.Timestamp create_time = 92 [(google.api.field_behavior) = OUTPUT_ONLY];
  // Updated.
  google.protobuf.Timestamp update_time = 93 [(google.api.field_behavior) = OUTPUT_ONLY];
  // Retired.
  google.protobuf.Timestamp retire_time = 94 [(google.api.field_behavior) = OUTPUT_ONLY];
  // Version.
  string etag = 95;
}
// Which.
message GetThingRequest {
  // Name.
  string name = 1 [(google.api.resource_reference).type = "ngkt.vn/Thing"];
}
// Which.
message MendThingRequest {
  // Name.
  string name = 1 [(google.api.resource_reference).type = "ngkt.vn/Thing"];
}
"#;

struct Source(String);

impl FileResolver for Source {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name == FILE {
            true => File::from_source(name, &self.0),
            false => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// What the compiler and the checks have to say.
fn errors(source: &str) -> Vec<String> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Source(source.to_owned()));
    resolver.add(IncludeFileResolver::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto")));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    match compiler.open_file(FILE) {
        Ok(compiler) => super::all(&compiler.descriptor_pool()),
        Err(error) => vec![format!("{error:?}")],
    }
}

/// Replaces `from`, and expects one error: on the line that then has `line_with`, with the words `expected`.
fn breaks(from: &str, to: &str, line_with: &str, expected: &str) {
    assert!(GOOD.contains(from), "{from}");
    let broken = GOOD.replacen(from, to, 1);
    let line = broken.lines().position(|line| line.contains(line_with)).expect(line_with) + 1;
    let found = errors(&broken);
    assert_eq!(found.len(), 1, "{from} -> {to}: {found:#?}");
    let place = format!("{FILE}:{line}:");
    assert!(found[0].contains(&place) && found[0].contains(expected), "{place} {expected}\n{}", found[0]);
}

#[test]
fn a_proto_that_keeps_the_rules_builds() {
    assert_eq!(errors(GOOD), [""; 0]);
}

#[test]
fn everything_needs_a_comment() {
    breaks("// Things.\n", "", "service ThingService", "service ThingService has no comment");
    breaks("  // Mends one.\n", "", "rpc MendThing", "rpc MendThing has no comment");
    breaks("// A thing.\n", "", "message Thing ", "message Thing has no comment");
    breaks("  // Its title.\n", "", "string title", "field title has no comment");
    breaks("// What can go wrong.\n", "", "enum ThingFailure", "enum ThingFailure has no comment");
    breaks("  // It is whole.\n", "", "WHOLE = 1", "value WHOLE has no comment");
    breaks(
        "  // Its size.\n",
        "  // One of them.\n  oneof kind {\n    int32 weight = 7;\n  }\n  // Its size.\n",
        "weight",
        "field weight",
    );
}

#[test]
fn an_rpc_has_a_route_and_an_access_rule() {
    let get = "    option (google.api.http) = {get: \"/v1/{name=things/*}\"};\n";
    breaks(get, "", "rpc GetThing", "has no route");
    let access = "    option (ngkt.options.v1.access) = {public: true};\n";
    breaks(access, "", "rpc GetThing", "does not say who may call it");
    let rule =
        |to: &str| breaks("{public: true}", to, "rpc GetThing", "exactly one of public, authenticated and roles");
    rule("{}");
    rule("{public: true roles: [AUDITOR]}");
    breaks("[ADMINISTRATOR]", "[ROLE_UNSPECIFIED]", "rpc MendThing", "ROLE_UNSPECIFIED is not a role");
}

#[test]
fn a_route_fits_its_request() {
    let route = |to: &str, why: &str| breaks("/v1/{name=things/*}\"", to, "rpc GetThing", why);
    route("/v1/{name=things/*\"", "has a brace that is not closed");
    route("/v1/{nome=things/*}\"", "nome in the path is not a string of GetThingRequest");
    route("/v1/{name=things/*}\" body: \"*\"", "GET has no body");
    route("/v1/{name=things/*}\" response_body: \"nothing\"", "response_body nothing is not a field of Thing");
    breaks(" body: \"*\"", "", "rpc MendThing", "has no body");
    breaks("body: \"*\"", "body: \"thing\"", "rpc MendThing", "the body thing is not a field of MendThingRequest");
    breaks(
        "post: \"/v1/{name=things/*}:mend\" body: \"*\"",
        "custom: {kind: \"HEAD\" path: \"/v1/a\"}",
        "rpc MendThing",
        "none of get, put",
    );
}

#[test]
fn two_rpcs_cannot_have_the_same_route() {
    let third = "  // Peels one.\n  rpc PeelThing(PeelThingRequest) returns (Thing) {\n\
                 option (google.api.http) = {get: \"/v1/things/{id}\"};\noption (ngkt.options.v1.access) = {public: true};\n}\n  // Mends one.\n";
    let request = "// Which.\nmessage PeelThingRequest {\n  // Id.\n  string id = 1;\n}\n";
    let broken = GOOD.replacen("  // Mends one.\n", third, 1) + request;
    let found = errors(&broken);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0]
            .contains("rpc PeelThing: GET /v1/things/* is the route of ngkt.trial.v1.ThingService.GetThing already"),
        "{}",
        found[0]
    );
}

#[test]
fn a_verb_says_what_it_writes() {
    let change = "    option (ngkt.options.v1.change) = \"thing.mended\";\n";
    breaks(change, "", "rpc MendThing", "a verb that is not a GET says what it writes");
    let access = "option (ngkt.options.v1.access) = {public: true};";
    let more = format!("{access} option (ngkt.options.v1.change) = \"thing.got\";");
    breaks(access, &more, "rpc GetThing", "a standard verb has its change type from the resource's name");
    breaks(
        "post: \"/v1/{name=things/*}:mend\" body: \"*\"",
        "get: \"/v1/{name=things/*}:mend\"",
        "rpc MendThing",
        "a GET only reads",
    );
}

#[test]
fn an_rpc_takes_and_gives_messages_of_ours() {
    breaks(
        "(MendThingRequest) returns (Thing)",
        "(MendThingRequest) returns (google.protobuf.Empty)",
        "rpc MendThing",
        "google.protobuf.Empty is not a message of ours",
    );
    let found = errors(&GOOD.replacen("rpc MendThing(MendThingRequest)", "rpc MendThing(Thing)", 1));
    assert!(found.iter().any(|error| error.contains("Thing is also an answer")), "{found:#?}");
}

#[test]
fn what_is_called_like_a_standard_verb_has_its_form() {
    breaks(
        "rpc MendThing(",
        "rpc RetireThing(",
        "rpc RetireThing",
        "is called like a standard verb but has not its form",
    );
}

#[test]
fn failures_are_known_and_say_how_they_are_told() {
    breaks(
        "failures) = \"WHOLE\"",
        "failures) = \"BROKEN\"",
        "rpc MendThing",
        "no failure of ngkt.trial.v1 is called BROKEN",
    );
    let failure = |from: &str, to: &str, why: &str| breaks(from, to, "WHOLE = 1", why);
    failure("code: FAILED_PRECONDITION, ", "", "needs a canonical code");
    failure(", message: \"{name} is whole\"", "", "needs a message");
    failure("{name} is", "{name is", "has a brace in its message that is not closed");
    breaks(
        "  // It is whole.\n",
        "  // No rule.\n  LOST = 2;\n  // It is whole.\n",
        "LOST = 2",
        "failure LOST does not say how it is told",
    );
    let again = "  // It is whole.\n  NOT_FOUND = 3 [(ngkt.options.v1.failure) = {code: NOT_FOUND, message: \"m\"}];\n  // It is whole.\n";
    breaks(
        "  // It is whole.\n",
        again,
        "NOT_FOUND = 3",
        "failure NOT_FOUND is declared in ngkt/options/v1/failure.proto already",
    );
}

#[test]
fn a_resource_has_its_names_and_the_standard_fields() {
    for field in ["  string owner = 90;\n", "  string etag = 95;\n", "  ngkt.type.v1.Audience audience = 91;\n"] {
        breaks(field, "  string more = 12;\n", "message Thing ", "resource Thing lacks the standard field");
    }
    breaks("etag = 95", "etag = 96", "etag = 96", "the standard field etag is string etag = 95");
    breaks("string owner", "bytes owner", "bytes owner", "the standard field owner is string owner = 90");
    breaks(
        " = 92 [(google.api.field_behavior) = OUTPUT_ONLY]",
        " = 92",
        "create_time",
        "carries (google.api.field_behavior) = OUTPUT_ONLY",
    );
    breaks(
        "name = 1 [(google.api.field_behavior) = IDENTIFIER]",
        "name = 1",
        "string name",
        "carries (google.api.field_behavior) = IDENTIFIER",
    );
    breaks("size = 3", "size = 96", "size = 96", "a resource's own fields have the numbers 2 to 89");
    let resource = |from: &str, to: &str, why: &str| breaks(from, to, "message Thing ", why);
    resource("singular: \"thing\"", "singular: \"object\"", "its singular is the message's name");
    resource("plural: \"things\"", "plural: \"objects\"", "is not the collection");
    resource("things/{thing}", "things", "its pattern is collection/{id}");
}

#[test]
fn a_rule_fits_the_type_of_its_field() {
    let title = |to: &str, why: &str| breaks("(buf.validate.field).string.max_len = 9", to, "string title", why);
    title("(buf.validate.field).int32.gt = 9", "rules for int32 do not fit its type");
    title("(buf.validate.field).repeated.min_items = 9", "rules for repeated do not fit its type");
    title("(buf.validate.field).string.pattern = \"[\"", "does not compile");
    title("(buf.validate.field).string = {min_len: 3 max_len: 2}", "min_len is more than max_len");
    title("(google.api.field_behavior) = REQUIRED", "say (buf.validate.field).required = true");
    title("(google.api.resource_reference).type = \"ngkt.vn/Nothing\"", "no resource has the type \"ngkt.vn/Nothing\"");
    let size = |to: &str, why: &str| breaks("(buf.validate.field).int32 = {gte: 1 lte: 9}", to, "int32 size", why);
    size("(buf.validate.field).int32 = {gte: 9 lte: 1}", "the lower bound is above the upper one");
    size("(ngkt.options.v1.format) = DATE", "a format is for strings");
    size("(google.api.resource_reference).type = \"*\"", "a resource_reference is for strings");
    size(
        "(buf.validate.field).required = true, (google.api.field_behavior) = OUTPUT_ONLY",
        "what only the server sets cannot be required",
    );
    let tags = |to: &str, why: &str| breaks("(buf.validate.field).repeated.unique = true", to, "string tags", why);
    tags("(buf.validate.field).string.max_len = 3", "rules for string do not fit its type");
    tags("(buf.validate.field).repeated.items.int32.gt = 3", "rules for int32 do not fit its type");
    tags("(buf.validate.field).repeated = {min_items: 3 max_items: 2}", "min_items is more than max_items");
    breaks("repeated string tags", "repeated double tags", "double tags", "unique is for strings");
}

#[test]
fn a_rule_outside_the_subset_does_not_compile() {
    let title = |to: &str| breaks("(buf.validate.field).string.max_len = 9", to, "string title", "");
    title("(buf.validate.field).string.prefix = \"a\"");
    title("(buf.validate.field).cel = {id: \"a\"}");
    title("(buf.validate.field).string = {contains: \"a\"}");
}

#[test]
fn the_package_is_the_folder() {
    breaks("package ngkt.trial.v1", "package ngkt.trial.v2", "package", "the package of this folder is ngkt.trial.v1");
}

#[test]
fn a_syntax_error_names_its_line() {
    breaks("string title = 2", "string title 2", "string title", "expected");
}
