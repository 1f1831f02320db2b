/** Runs `task` again `ms` after it ended, until stopped. `stop` resolves once a running one has ended. */
export function repeat(ms: number, task: () => Promise<unknown>): { stop(): Promise<void> } {
  let stopped = false;
  let running = Promise.resolve();
  let timer = setTimeout(run, ms).unref();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };

  function run(): void {
    running = task().then(again, again);
  }

  function again(): void {
    if (!stopped) {
      timer = setTimeout(run, ms).unref();
    }
  }
}
