/**
 * Which layer may import which, besides its own files: hosts -> compose -> adapters -> ports and
 * gateway -> protocol, auth -> tasks, push -> ports.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  ports: [],
  telemetry: ["ports"],
  client: ["ports"],
  tasks: ["ports", "telemetry"],
  // It reads the engine's rows, and changes heads by its rules.
  push: ["ports", "telemetry", "tasks"],
  auth: ["ports", "telemetry", "tasks", "push"],
  protocol: ["ports", "telemetry", "tasks", "push", "auth"],
  // What a gateway config says of issuers and roles.
  agents: ["ports", "telemetry", "tasks", "auth"],
  gateway: ["ports", "telemetry", "tasks", "push", "auth", "protocol", "agents"],
  adapters: ["ports", "telemetry"],
  config: ["ports"],
  compose: ["ports", "telemetry", "tasks", "push", "auth", "protocol", "agents", "gateway", "adapters", "config"],
  hosts: ["ports", "telemetry", "agents", "gateway", "config", "compose"],
  index: [
    "ports",
    "telemetry",
    "tasks",
    "push",
    "auth",
    "protocol",
    "agents",
    "gateway",
    "config",
    "compose",
    "client",
  ],
};

/** Each agent has a folder of its own, which knows what agents are made of and no other agent. */
const agentFolderMayImport = ["ports", "agents"];

/** Why `from` must not import `to`, or undefined when it may. Paths like `src/tasks/turn.ts`. */
export function toBreach(from: string, to: string): string | undefined {
  const [importer, imported] = [toLayer(from), toLayer(to)];
  if (importer === imported) return undefined;
  const allowed = importer.startsWith("agents/") ? agentFolderMayImport : (mayImport[importer] ?? []);
  return allowed.includes(imported) ? undefined : `${from} (${importer}) imports ${to} (${imported})`;
}

/** `src/ports/clock.ts` is `ports`, `src/gateway.ts` is `gateway`, `src/agents/anomaly/plot.ts` is `agents/anomaly`. */
function toLayer(path: string): string {
  const [, first = "", second = "", third] = path.split("/");
  if (first === "agents" && third !== undefined) return `agents/${second}`;
  return first.replace(/\.ts$/, "");
}
