import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A server that only parses the request's JSON and answers with a task: an upper bound for every server measured here.
 */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { id, params } = JSON.parse(Buffer.concat(chunks).toString());
    const status = { state: "TASK_STATE_COMPLETED", timestamp: new Date().toISOString() };
    const task = {
      id: "1",
      contextId: "1",
      status,
      artifacts: [{ artifactId: "1", parts: params.message.parts }],
      history: [params.message],
    };
    const body = JSON.stringify({ jsonrpc: "2.0", id, result: { task } });
    response
      .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
      .end(body);
  });
}).listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }));
});
