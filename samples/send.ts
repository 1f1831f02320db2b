import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { Role } from "@a2a-js/sdk";
import type { Message } from "@a2a-js/sdk";
import { durableStream } from "a2a-azure-gateway";
import { createTaskPrinter } from "./task-printer.ts";

/** Sends a CSV file to an agent and prints its events as they arrive, also across restarts of the gateway. */
const USAGE = `npm run send -- FILE.csv       send a file and watch its task
npm run send -- --task ID      print a task; watch it while it runs
  --url http://127.0.0.1:7071  the gateway
  --agent anomaly              the agent
  --token TOKEN                an access token, if the gateway needs one
  --plot FILE.svg              save the plot`;

const { file, url, agent, token, task, plot } = readArguments();
const printer = createTaskPrinter((text) => process.stdout.write(text));
let isBroken = false;
try {
  const what = file === undefined ? { taskId: task ?? "" } : { message: toMessage(file) };
  await findAgent();
  const events = durableStream({
    url: `${url}/agents/${agent}`,
    ...what,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    onReconnect: ({ reason }) => tellOfBreak(reason),
  });
  for await (const { response } of events) {
    isBroken = false;
    printer.show(response);
  }
} catch (error) {
  fail(explain(error));
}
if (!printer.isOver) fail("The stream ended before the task.");
if (plot !== undefined && printer.plot) {
  writeFileSync(plot, printer.plot);
  console.log(`Saved the plot to ${plot}.`);
}
console.log(`Task ${printer.taskId} ${printer.state}. To see it again: ${again()}`);
if (printer.state !== "completed") process.exitCode = 1;

function readArguments(): {
  file?: string;
  url: string;
  agent: string;
  token?: string;
  task?: string;
  plot?: string;
} {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        url: { type: "string", default: "http://127.0.0.1:7071" },
        agent: { type: "string", default: "anomaly" },
        token: { type: "string" },
        task: { type: "string" },
        plot: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const [name, ...more] = positionals;
    if (values.help || more.length > 0 || (name === undefined) === (values.task === undefined)) throw new TypeError();
    return { ...values, url: values.url.replace(/\/$/, ""), ...(name !== undefined && { file: name }) };
  } catch (error) {
    console.error(error instanceof Error && error.message !== "" ? `${error.message}\n\n${USAGE}` : USAGE);
    process.exit(2);
  }
}

function toMessage(path: string): Message {
  const part = {
    content: { $case: "raw" as const, value: readFileSync(path) },
    mediaType: "text/csv",
    filename: basename(path),
    metadata: undefined,
  };
  return {
    messageId: randomUUID(),
    role: Role.ROLE_USER,
    parts: [part],
    taskId: "",
    contextId: "",
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}

/** A stream would retry for minutes; an unknown agent is reported at once. */
async function findAgent(): Promise<void> {
  const { status } = await fetch(`${url}/agents/${agent}/.well-known/agent-card.json`);
  if (status === 404) throw new Error(`There is no agent "${agent}". See ${url}/agents for the list.`);
}

/** Once per break, however many attempts it takes. */
function tellOfBreak({ message: reason }: Error): void {
  if (!isBroken) console.log(`  (${reason}. Waiting for the gateway.)`);
  isBroken = true;
}

function explain(error: unknown): string {
  const { message, code } = error as { message: string; code?: string };
  if (code === "ENOENT") return `File ${file} does not exist.`;
  if (message === "fetch failed" && printer.taskId === "")
    return `No gateway answers at ${url}. Start it with: npm start`;
  return message;
}

function fail(reason: string): never {
  const goesOn =
    printer.taskId === "" ? "" : `\nTask ${printer.taskId} continues on the gateway. To see it: ${again()}`;
  console.error(`${reason}${goesOn}`);
  process.exit(1);
}

function again(): string {
  const options = [
    ...(url === "http://127.0.0.1:7071" ? [] : [`--url ${url}`]),
    ...(agent === "anomaly" ? [] : [`--agent ${agent}`]),
  ];
  return ["npm run send --", ...options, `--task ${printer.taskId}`].join(" ");
}
