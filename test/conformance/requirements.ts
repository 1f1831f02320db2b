/**
 * What the server's side of A2A 1.0.1 (sections 3 to 9, 11 and 13) obliges us to, and what CONTRACT adds on the wire.
 * A test cites a requirement by its id in square brackets in its title; requirements.test.ts holds both to each other.
 *
 * Left out: section 10 (gRPC) and 12 (custom bindings), what binds clients, and what binds SDKs and the specification.
 */
export interface Requirement {
  /** The section, then a slug; `wire-` and a slug for what the specification does not ask for. Never reused. */
  readonly id: string;
  readonly text: string;
  /** Why no conformance test cites it yet. Without it a test must. */
  readonly later?: string;
}

const auth = "arrives with authentication";
const deployment = "a property of the deployment, checked by its own commands";

export const requirements: readonly Requirement[] = [
  // 3.1 Operations
  { id: "3.1.1-task-or-message", text: "SendMessage answers with a Task or a Message" },
  { id: "3.1.2-stream", text: "SendStreamingMessage opens a stream of updates" },
  { id: "3.1.2-message-stream", text: "a stream that answers with a Message has exactly that one, then ends" },
  {
    id: "3.1.2-stream-begins-with-task",
    text: "a task's stream begins with the Task, status and artifact updates follow",
  },
  { id: "3.1.2-stream-ends-at-terminal", text: "the stream closes when the task reaches a terminal state" },
  { id: "3.1.2-immediate-feedback", text: "progress and partial results arrive while the agent works" },
  { id: "3.1.4-artifacts-omitted", text: "ListTasks omits `artifacts` entirely unless includeArtifacts is true" },
  { id: "3.1.4-next-page-token", text: "nextPageToken is always there, empty on the last page" },
  { id: "3.1.4-cursor", text: "pages are reached by a cursor" },
  { id: "3.1.4-order", text: "tasks are sorted by status timestamp, newest first" },
  { id: "3.1.4-visible-only", text: "only tasks that the caller may see are listed" },
  { id: "3.1.6-task-first", text: "a subscription begins with the current Task" },
  { id: "3.1.6-ends-at-terminal", text: "a subscription ends when the task reaches a terminal state" },
  { id: "3.1.7-persists", text: "a push config lasts until the task ends or it is deleted" },
  { id: "3.1.8-details", text: "GetTaskPushNotificationConfig returns URL and settings" },
  {
    id: "3.1.8-missing",
    text: "GetTaskPushNotificationConfig fails for a config that is missing or foreign",
  },
  { id: "3.1.9-all", text: "ListTaskPushNotificationConfigs returns all active configs of the task" },
  { id: "3.1.10-removes", text: "DeleteTaskPushNotificationConfig removes it for good" },
  { id: "3.1.10-idempotent", text: "deleting a push config twice is the same as once" },

  // 3.2 Parameters
  { id: "3.2.2-blocking", text: "a blocking send waits for a terminal or interrupted state" },
  { id: "3.2.2-blocking-whole", text: "its answer has the latest state with all artifacts and status information" },
  { id: "3.2.2-return-immediately", text: "returnImmediately answers once the task exists" },
  { id: "3.2.4-history-length", text: "at most historyLength messages are returned; 0 means none" },

  // 3.3 Semantics
  { id: "3.3.2-authentication", text: "invalid or missing credentials are refused", later: auth },
  { id: "3.3.2-authorization", text: "missing permissions are an authorization error", later: auth },
  { id: "3.3.2-not-revealed", text: "a resource that is not the caller's is not revealed" },
  { id: "3.3.2-validation", text: "all parameters are validated before anything is done" },
  { id: "3.3.2-not-found", text: "a missing or foreign resource is a not-found error" },
  { id: "3.3.2-payload", text: "an error has a code and a message, and each of its details an @type" },
  {
    id: "3.3.4-push",
    text: "without the push capability its operations are PushNotificationNotSupported",
    later: "every agent has push notifications",
  },
  {
    id: "3.3.4-streaming",
    text: "without streaming its operations are UnsupportedOperation",
    later: "every agent streams",
  },
  { id: "3.3.4-extended-card", text: "without an extended card its operation is UnsupportedOperation" },
  {
    id: "3.3.4-extended-card-not-configured",
    text: "an extended card that is declared but not configured is ExtendedAgentCardNotConfigured",
    later: "no agent declares one",
  },
  {
    id: "3.3.4-extensions",
    text: "a required extension that the client does not declare is ExtensionSupportRequired",
    later: "no agent requires one",
  },

  // 3.4 Multi-turn
  { id: "3.4.1-generated-context", text: "a contextId that the server generated is in the answer" },
  { id: "3.4.1-client-context", text: "a client's contextId is kept, or refused; never replaced" },
  { id: "3.4.2-unique-id", text: "every new task has an id of its own, and the answer says it" },
  { id: "3.4.2-existing-task", text: "a taskId in a message that names no task is TaskNotFound" },
  { id: "3.4.3-infer-context", text: "with a taskId alone the contextId is the task's" },
  { id: "3.4.3-mismatch", text: "a contextId that is not the task's is refused" },

  // 3.5 Delivery
  { id: "3.5.2-order", text: "events arrive in the order in which they were generated" },
  { id: "3.5.2-broadcast", text: "every stream of a task gets its events" },
  { id: "3.5.2-same-order", text: "every stream gets the same events in the same order" },
  { id: "3.5.2-independent", text: "closing one stream affects no other, nor the task" },

  // 3.6 Versions
  { id: "3.6-patch-ignored", text: "patch numbers do not count in the negotiation" },
  { id: "3.6.2-semantics", text: "a request is processed as its version says" },
  { id: "3.6.2-unsupported", text: "an unsupported version is VersionNotSupported" },
  { id: "3.6.2-empty", text: "no version means 0.3" },

  // 4 Data model
  { id: "4-equivalent", text: "all bindings represent the data functionally alike" },
  { id: "4.3.3-credentials", text: "a webhook call carries the credentials of its config" },
  { id: "4.3.3-attempt", text: "delivery is attempted at least once for each webhook" },
  {
    id: "4.6.3-required-extension",
    text: "a version of a required extension that is not supported is an error, without falling back",
    later: "no agent requires one",
  },

  // 5 Bindings
  { id: "5.1-same-operations", text: "the bindings offer the same operations" },
  { id: "5.1-same-results", text: "the bindings answer alike" },
  { id: "5.1-same-errors", text: "the bindings map errors alike" },
  { id: "5.1-same-authentication", text: "the bindings take the same authentication", later: auth },
  { id: "5.2-declared", text: "the card declares every binding that is served" },
  { id: "5.4-mapped", text: "every A2A error has its code and HTTP status of the table" },
  { id: "5.4-task-not-found", text: "TaskNotFound: -32001, 404, TASK_NOT_FOUND" },
  { id: "5.4-task-not-cancelable", text: "TaskNotCancelable: -32002, 400, TASK_NOT_CANCELABLE" },
  {
    id: "5.4-push-notification-not-supported",
    text: "PushNotificationNotSupported: -32003, 400, PUSH_NOTIFICATION_NOT_SUPPORTED",
    later: "every agent has push notifications",
  },
  { id: "5.4-unsupported-operation", text: "UnsupportedOperation: -32004, 400, UNSUPPORTED_OPERATION" },
  { id: "5.4-content-type-not-supported", text: "ContentTypeNotSupported: -32005, 400, CONTENT_TYPE_NOT_SUPPORTED" },
  {
    id: "5.4-invalid-agent-response",
    text: "InvalidAgentResponse: -32006, 500, INVALID_AGENT_RESPONSE",
  },
  {
    id: "5.4-extended-agent-card-not-configured",
    text: "ExtendedAgentCardNotConfigured: -32007, 400, EXTENDED_AGENT_CARD_NOT_CONFIGURED",
    later: "no agent declares an extended card",
  },
  {
    id: "5.4-extension-support-required",
    text: "ExtensionSupportRequired: -32008, 400, EXTENSION_SUPPORT_REQUIRED",
    later: "no agent requires an extension",
  },
  { id: "5.4-version-not-supported", text: "VersionNotSupported: -32009, 400, VERSION_NOT_SUPPORTED" },
  { id: "5.5-camel-case", text: "JSON field names are camelCase" },
  { id: "5.5-enums", text: "enums are written by their names" },
  { id: "5.6.1-utc", text: "timestamps are ISO 8601 in UTC" },
  { id: "5.6.1-parsed", text: "ISO 8601 timestamps are parsed rightly" },
  { id: "5.7-required", text: "REQUIRED fields are present, REQUIRED arrays not empty" },

  // 7 Authentication
  { id: "7.1-encrypted", text: "production uses HTTPS", later: deployment },
  { id: "7.4-every-request", text: "every request is authenticated", later: auth },
  { id: "7.6.1-task", text: "an agent that needs authorization has a Task for it" },
  { id: "7.6.1-auth-required", text: "that task goes to AUTH_REQUIRED" },
  { id: "7.6.1-explained", text: "its status message says which authorization is needed" },
  { id: "7.6.1-credentials", text: "credentials arrive out of band", later: "each agent's own affair" },
  {
    id: "7.6.4-no-authorization",
    text: "AUTH_REQUIRED by itself authorizes nothing",
    later: "each agent's own affair",
  },

  // 8 Agent Card
  { id: "8.1-card", text: "there is an Agent Card" },
  { id: "8.3-interfaces", text: "its interfaces declare binding, version and URL rightly" },
  { id: "8.4.1-canonical", text: "a card is canonicalized before it is signed", later: "arrives with signed cards" },
  {
    id: "8.4.2-header",
    text: "a signature's protected header has alg, typ and kid",
    later: "arrives with signed cards",
  },

  // 9 JSON-RPC
  { id: "9.2-headers", text: "service parameters are HTTP headers; their names ignore case" },
  { id: "9.3-request", text: "requests follow JSON-RPC 2.0" },
  { id: "9.5-parse-error", text: "invalid JSON is -32700" },
  { id: "9.5-invalid-request", text: "what is no Request object is -32600" },
  { id: "9.5-method-not-found", text: "an unknown method is -32601" },
  { id: "9.5-invalid-params", text: "invalid parameters are -32602" },
  { id: "9.5-data", text: "each object of an error's data has an @type" },

  // 11 HTTP+JSON
  { id: "11.2-headers", text: "service parameters are HTTP headers; their names ignore case" },
  { id: "11.5-query", text: "GET and DELETE take their parameters from path and query, in camelCase" },
  { id: "11.6-details", text: "each object of an error's details has an @type" },
  { id: "11.6-error-info", text: "an A2A error has an ErrorInfo with reason and domain a2a-protocol.org" },

  // 13 Security
  { id: "13.1-scoped", text: "results are scoped to the caller, filters or not" },
  { id: "13.1-get", text: "GetTask checks that the task is the caller's" },
  {
    id: "13.1-task-operations",
    text: "Cancel, Subscribe and push config operations check that the task is the caller's",
  },
  { id: "13.1-before-queries", text: "authorization comes before anything that could leak existence", later: auth },
  { id: "13.2-credentials", text: "webhook calls are authenticated as configured" },
  {
    id: "13.3-authenticated",
    text: "an extended card needs authentication and permission",
    later: "no agent declares one",
  },
  { id: "13.4-secrets", text: "credentials are secrets, logs hold none", later: auth },

  // The gateway's own contract
  { id: "wire-urls", text: "an agent answers at /agents/{id}, with and without a trailing slash" },
  { id: "wire-default-agent", text: "the default agent answers every route at the root too" },
  { id: "wire-pinned-major", text: "/agents/{id}@{major} is that major, or not found" },
  { id: "wire-catalog", text: "GET /agents lists the agents with their majors, URL and card" },
  { id: "wire-card-slashless", text: "/agents/.well-known/agent-card.json is a 404 that says what to ask for" },
  {
    id: "wire-card-versions",
    text: "a card is v0.3-shaped with supportedInterfaces unless v1.0 is asked for; Vary says so",
  },
  { id: "wire-card-caching", text: "cards have Cache-Control, ETag and Last-Modified, and answer 304" },
  { id: "wire-methods", text: "a wrong method is 405 with Allow; HEAD is GET without a body; OPTIONS answers" },
  { id: "wire-version-query", text: "A2A-Version may be a query parameter" },
  { id: "wire-version-absent-rest", text: "an unprefixed HTTP+JSON path without a version is VersionNotSupported" },
  { id: "wire-v03", text: "v0.3 is served on both bindings, its HTTP+JSON under /v1" },
  { id: "wire-v03-no-list", text: "v0.3 has no task list" },
  { id: "wire-v03-extensions-header", text: "v0.3's extension header is X-A2A-Extensions" },
  { id: "wire-subscribe-methods", text: ":subscribe takes GET and POST; a POST without a body needs no content type" },
  { id: "wire-refused-before-stream", text: "a refused stream is an ordinary error, not an event" },
  {
    id: "wire-stream-at-acceptance",
    text: "a stream's response starts when it is accepted, not when the agent speaks",
  },
  { id: "wire-sse", text: "a stream has its headers, a comment as first byte, and ids that are generations" },
  { id: "wire-event-size", text: "an SSE event is at most 1 MiB, and what is cut adds up to the whole" },
  { id: "wire-stream-no-history", text: "a stream's Task carries no history" },
  { id: "wire-stream-end", text: "streams end at INPUT_REQUIRED and stay open at AUTH_REQUIRED" },
  { id: "wire-whole-answers", text: "GetTask and blocking answers are whole, whatever their size" },
  { id: "wire-follow-up-working", text: "a follow-up to a WORKING task is UnsupportedOperation that says so" },
  {
    id: "wire-cancel-canceled",
    text: "CancelTask on CANCELED returns the Task, on another terminal state TaskNotCancelable",
  },
  { id: "wire-tenants", text: "path and parameters agree on the tenant; reserved words are none" },
  { id: "wire-foreign-is-missing", text: "what another scope owns does not exist" },
  { id: "wire-own-agent", text: "a task is reached by its own agent's id only" },
  { id: "wire-references", text: "unknown referenceTaskIds are left out, not refused" },
  { id: "wire-malformed", text: "malformed input is the right A2A error: never a 500, a hang or a changed task" },
  { id: "wire-limits", text: "too large and too deep bodies are refused" },
  { id: "wire-runner", text: "whatever the agent does, its turn ends in one terminal or interrupted state" },
  { id: "wire-replay", text: "Last-Event-ID replays the missed events" },
  { id: "wire-idempotency", text: "an Idempotency-Key makes a send safe to repeat" },
  { id: "wire-cors", text: "CORS is granted to configured origins", later: "hosts' own tests" },
];
