import type { Clock } from "../ports/clock.ts";

/** Idle timeouts of load balancers begin at 60 s (Azure's at 230 s). In ms. */
const PATIENCE = 60_000;
const INTERVAL = 15_000;

const encoder = new TextEncoder();
const SPACE = encoder.encode(" ");

/**
 * The answer itself when it comes within 60 s. After that the response begins with white space, which JSON allows
 * before a value, and an answer that is an error then can only cut the connection. `answer` never rejects.
 */
export function withTrickle(clock: Clock, answer: Promise<Response>, contentType: string): Promise<Response> {
  return new Promise((resolve) => {
    const cancel = clock.after(PATIENCE, () => {
      resolve(new Response(trickle(clock, answer), { headers: { "content-type": contentType } }));
    });
    void answer.then((response) => {
      cancel();
      resolve(response);
    });
  });
}

function trickle(clock: Clock, answer: Promise<Response>): ReadableStream<Uint8Array> {
  let cancelNext = (): void => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const beat = (): void => {
        controller.enqueue(SPACE);
        cancelNext = clock.after(INTERVAL, beat);
      };
      beat();
      finish(controller).catch((error: unknown) => controller.error(error));
    },
    cancel: () => cancelNext(),
  });

  async function finish(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const response = await answer;
    cancelNext();
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`the answer failed after its response had begun: ${text}`);
    }
    controller.enqueue(encoder.encode(text));
    controller.close();
  }
}
