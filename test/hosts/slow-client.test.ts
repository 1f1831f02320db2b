import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createHttpServer } from "../../src/hosts/node/http-server.ts";
import { listen } from "../../src/hosts/node/listen.ts";

const head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n";

test.each([
  ["half its headers", head],
  ["half its body", `${head}\r\nhalf`],
])("a client that sends %s and then nothing is answered 408 and let go", async (_what, bytes) => {
  const { server, answerWith } = createHttpServer({ headers: 100, request: 200 });
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  answerWith(async (request) => ({ status: 200, headers: {}, body: await request.readText(100) }));
  const url = new URL(await listen(server, { PORT: 0, HOST: "127.0.0.1" }));
  const socket = connect(Number(url.port), url.hostname);
  let answer = "";
  socket.on("data", (chunk) => (answer += chunk.toString()));
  socket.write(bytes);
  await once(socket, "close");
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});
