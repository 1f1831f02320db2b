import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { Role } from "@a2a-js/sdk";
import type { Message, StreamResponse } from "@a2a-js/sdk";
import { ClientFactory } from "@a2a-js/sdk/client";
import type { Client } from "@a2a-js/sdk/client";
import { createTaskPrinter } from "./task-printer.ts";

/** Sends a CSV file to an agent with the A2A SDK's own client, and prints what comes back as it comes. */
const USAGE = `npm run send -- FILE.csv       send a file and watch its task
npm run send -- --task ID      print a task; watch it while it runs
  --url http://127.0.0.1:7071  the gateway
  --agent anomaly              the agent
  --plot FILE.svg              keep the plot`;

const { file, url, agent, task, plot } = readArguments();
const printer = createTaskPrinter((text) => process.stdout.write(text));
try {
  const message = file === undefined ? undefined : toMessage(file);
  const client = await connect();
  const events = message ? client.sendMessageStream(toRequest(message)) : watch(client, task ?? "");
  for await (const event of events) {
    printer.show(event);
  }
} catch (error) {
  fail(explain(error));
}
if (!printer.isOver) fail("The stream has ended before the task.");
if (plot !== undefined && printer.plot) {
  writeFileSync(plot, printer.plot);
  console.log(`The plot is in ${plot}.`);
}
console.log(`Task ${printer.taskId} ${printer.state}. To see it again: ${again()}`);
if (printer.state !== "completed") process.exitCode = 1;

function readArguments(): { file?: string; url: string; agent: string; task?: string; plot?: string } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        url: { type: "string", default: "http://127.0.0.1:7071" },
        agent: { type: "string", default: "anomaly" },
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

function toRequest(message: Message): Parameters<Client["sendMessageStream"]>[0] {
  return { tenant: "", message, configuration: undefined, metadata: undefined };
}

/** From the agent's URL, by way of its card. */
function connect(): Promise<Client> {
  return new ClientFactory().createFromUrl(`${url}/agents/${agent}/`);
}

async function* watch(client: Client, id: string): AsyncGenerator<StreamResponse> {
  const found = await client.getTask({ tenant: "", id });
  const seen = createTaskPrinter(() => {});
  seen.show({ payload: { $case: "task", value: found } });
  // A task that has ended cannot be subscribed to.
  if (seen.isOver) yield { payload: { $case: "task", value: found } };
  else yield* client.resubscribeTask({ tenant: "", id });
}

function explain(error: unknown): string {
  const { message, code } = error as { message: string; code?: string };
  if (code === "ENOENT") return `There is no file ${file}.`;
  if (message === "fetch failed" && printer.taskId === "")
    return `Nobody answers at ${url}. Start the gateway with: npm start`;
  if (/agent card.*404/is.test(message)) return `There is no agent "${agent}". ${url}/agents lists those that are.`;
  return printer.taskId === "" ? message : `The connection broke: ${message}.`;
}

function fail(reason: string): never {
  const goesOn = printer.taskId === "" ? "" : `\nTask ${printer.taskId} goes on without you. To see it: ${again()}`;
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
