/** Runs `task` every `ms`, measured from the end of the last run. `stop` resolves when no run is in progress. */
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
