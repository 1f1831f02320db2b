/** Readings in time order, at most one a moment, all finite. */
export interface Series {
  /** Milliseconds since 1970 in UTC, or 0, 1, 2, … when {@link clock} is `index`. */
  readonly times: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  /** Where each reading stood in the input: its 0-based data row. */
  readonly rows: Uint32Array<ArrayBuffer>;
  /** `local`: times came without a zone and are kept in the input's own clock. */
  readonly clock: "utc" | "local" | "index";
  /** What the values are called in the input. */
  readonly name: string;
  /** What was corrected in the input, as sentences. */
  readonly notes: readonly string[];
}

/** Which columns (or JSON members) hold the time and the value, by name or 1-based position. */
export interface ColumnChoice {
  readonly timeColumn?: string | number;
  readonly valueColumn?: string | number;
}

/** More rows than this are refused. */
export const MAX_ROWS = 1_000_000;
/** Fewer readings than this say nothing about what is usual. */
const MIN_READINGS = 32;

/** A problem with the input, with a message for its sender. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** A point in time as people read it, in the clock of the input. */
export function formatTime(time: number, clock: Series["clock"]): string {
  if (clock === "index") return String(time);
  const iso = new Date(time).toISOString().replace(/\.000Z$/, "Z");
  return clock === "local" ? iso.slice(0, -1) : iso;
}

/** Accepts readings in any order; {@link build} sorts, averages duplicates and notes what it did. */
export class SeriesBuilder {
  #times: number[] = [];
  #values: number[] = [];
  #rows: number[] = [];
  #backward = 0;
  #row = 0;
  #emptyValues = 0;
  #emptyTimes = 0;

  /** Records a row without a usable reading. */
  skip(missing: "value" | "time"): void {
    this.#row++;
    if (missing === "value") this.#emptyValues++;
    else this.#emptyTimes++;
  }

  add(time: number, value: number): void {
    const last = this.#times.at(-1);
    if (last !== undefined && time < last) this.#backward++;
    this.#times.push(time);
    this.#values.push(value);
    this.#rows.push(this.#row++);
  }

  /** Every row so far, with or without a reading. */
  get seen(): number {
    return this.#row;
  }

  /** @throws InputError when too little is left to judge. */
  build(name: string, clock: Series["clock"]): Series {
    const order = Uint32Array.from(this.#times.keys());
    // Typed arrays sort stably, so duplicates keep the order of the input.
    if (this.#backward > 0) order.sort((a, b) => (this.#times[a] ?? 0) - (this.#times[b] ?? 0));
    const times = new Float64Array(order.length);
    const values = new Float64Array(order.length);
    const rows = new Uint32Array(order.length);
    let size = 0;
    let copies = 1;
    for (const from of order) {
      const time = this.#times[from] ?? 0;
      const value = this.#values[from] ?? 0;
      if (size > 0 && times[size - 1] === time) {
        const mean = values[size - 1] ?? 0;
        values[size - 1] = mean + (value - mean) / ++copies;
        continue;
      }
      copies = 1;
      times[size] = time;
      values[size] = value;
      rows[size++] = from < this.#rows.length ? (this.#rows[from] ?? 0) : 0;
    }
    if (size < MIN_READINGS) {
      throw new InputError(
        `Only ${size} usable readings were found in ${this.#row} rows; at least ${MIN_READINGS} are needed. ` +
          "Send a longer series, or name the columns with timeColumn and valueColumn.",
      );
    }
    return {
      times: times.slice(0, size),
      values: values.slice(0, size),
      rows: rows.slice(0, size),
      clock,
      name,
      notes: this.#notes(order.length - size),
    };
  }

  #notes(duplicates: number): string[] {
    const notes: string[] = [];
    const say = (count: number, one: string, many: string) => {
      if (count > 0) notes.push(`${count} ${count === 1 ? one : many}.`);
    };
    say(this.#emptyValues, "row without a numeric value was skipped", "rows without a numeric value were skipped");
    say(this.#emptyTimes, "row without a readable time was skipped", "rows without a readable time were skipped");
    say(this.#backward, "step back in time was sorted", "steps back in time were sorted");
    say(duplicates, "reading at a repeated time was averaged in", "readings at repeated times were averaged");
    return notes;
  }
}
