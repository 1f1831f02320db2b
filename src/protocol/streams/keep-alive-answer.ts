import type { Clock } from "../../ports/clock.ts";
import type { ClientSink, HttpAnswer, StreamedBody } from "../../ports/http-exchange.ts";
import { createTicker } from "./ticker.ts";
import type { Ticker, Ticking } from "./ticker.ts";

/** Makes responses that begin before their answer is there, so that no load balancer's idle timeout cuts them. */
export interface KeepAliveAnswers {
  /**
   * The answer itself when it comes in time. After 45 to 60 s the response begins with white space, which JSON allows
   * before a value; an answer that is an error then can only cut the connection. `answer` never rejects.
   */
  wait(answer: Promise<HttpAnswer>, contentType: string): Promise<HttpAnswer>;
}

/** In ms. The earliest idle timeouts are 60 s (Azure's are 230 s). */
const PATIENCE = 45_000;
const INTERVAL = 15_000;

export function createKeepAliveAnswers(clock: Clock): KeepAliveAnswers {
  const ticker = createTicker(clock, INTERVAL);

  return {
    wait(answer, contentType) {
      return new Promise((resolve) => {
        const begun = clock.monotonic();
        const waiting = {
          tick(now: number) {
            if (now - begun >= PATIENCE) {
              ticker.remove(waiting);
              const body = new KeepAliveBody(ticker, answer);
              resolve({ status: 200, headers: { "content-type": contentType }, body });
            }
          },
        };
        ticker.add(waiting);
        void answer.then((response) => {
          ticker.remove(waiting);
          resolve(response);
        });
      });
    },
  };
}

/** White space until the answer is there, and then the answer. */
class KeepAliveBody implements StreamedBody, Ticking {
  readonly #ticker: Ticker;
  readonly #answer: Promise<HttpAnswer>;
  #client: ClientSink | undefined;

  constructor(ticker: Ticker, answer: Promise<HttpAnswer>) {
    this.#ticker = ticker;
    this.#answer = answer;
  }

  sendTo(client: ClientSink): void {
    this.#client = client;
    this.tick();
    this.#ticker.add(this);
    void this.#answer.then(({ status, body }) => {
      this.#ticker.remove(this);
      if (status !== 200 || typeof body !== "string") {
        client.cut(new Error(`the answer failed with status ${status} after its response had begun`));
        return;
      }
      client.write(body);
      client.end();
    });
  }

  tick(): void {
    this.#client?.write(" ");
  }

  leave(): void {
    this.#ticker.remove(this);
  }
}
