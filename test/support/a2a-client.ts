import { randomUUID } from "node:crypto";
import { ListTasksRequest, SendMessageRequest } from "@a2a-js/sdk";
import type { StreamResponse, Task } from "@a2a-js/sdk";
import { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import type { Client } from "@a2a-js/sdk/client";

/** The A2A SDK's client for one agent, created from the agent's card. */
export function connect(url: string, agent: string, binding = "JSONRPC"): Promise<Client> {
  const transports = [new JsonRpcTransportFactory(), new RestTransportFactory()];
  return new ClientFactory({ transports, preferredTransports: [binding] }).createFromUrl(`${url}/agents/${agent}/`);
}

/** `parts` in ProtoJSON. */
export function toSend(...parts: object[]): SendMessageRequest {
  return SendMessageRequest.fromJSON({ message: { messageId: randomUUID(), role: "ROLE_USER", parts } });
}

export function toList(contextId = ""): ListTasksRequest {
  return ListTasksRequest.fromJSON({ contextId });
}

export function toText(task: Task, artifactId: string): string {
  const artifact = task.artifacts.find((one) => one.artifactId === artifactId);
  return (artifact?.parts ?? []).map(({ content }) => (content?.$case === "text" ? content.value : "")).join("");
}

/** Reads events until `found` returns true for one, and resolves to it. Rejects when the stream ends before. */
export async function readUntil(
  events: AsyncGenerator<StreamResponse>,
  found: (event: StreamResponse) => boolean,
): Promise<StreamResponse> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) throw new Error("the stream has ended");
    if (found(value)) return value;
  }
}
