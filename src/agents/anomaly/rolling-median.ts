import { medianSorted } from "simple-statistics";
import { at } from "./at.ts";

/** Median of the neighbours within `radius` of each element, leaving out those within `gap` (-1: none). */
export function rollingMedian(values: Float64Array, radius: number, gap: number): Float64Array {
  const out = new Float64Array(values.length);
  const window = createSortedWindow(2 * radius + 1);
  for (let i = 0; i <= Math.min(radius, values.length - 1); i++) if (i > gap) window.add(at(values, i));
  for (let i = 0; i < values.length; i++) {
    out[i] = window.size > 0 ? window.median() : at(values, i);
    if (i - radius >= 0) window.remove(at(values, i - radius));
    if (i + 1 + radius < values.length) window.add(at(values, i + 1 + radius));
    if (gap < 0) continue;
    if (i - gap >= 0) window.add(at(values, i - gap));
    if (i + 1 + gap < values.length) window.remove(at(values, i + 1 + gap));
  }
  return out;
}

/**
 * Median over `width` of time around each reading, interpolated between points a twelfth of the width apart.
 * Windows with many readings are thinned: a level needs no more than a few hundred.
 */
export function rollingMedianByTime(times: Float64Array, values: Float64Array, width: number): Float64Array {
  const at0 = at(times, 0);
  const end = at(times, times.length - 1);
  const hop = width / 12;
  const gridTimes: number[] = [];
  const gridValues: number[] = [];
  let from = 0;
  let to = 0;
  for (let now = at0; now <= end + hop; now += hop) {
    while (at(times, to) <= now + width / 2) to++;
    while (at(times, from) < now - width / 2) from++;
    if (to - from < 3) {
      // Years without a reading must not cost a step each.
      if (to < times.length) now = Math.max(now, at(times, to) - width);
      continue;
    }
    const stride = Math.max(1, Math.floor((to - from) / 200));
    const window = new Float64Array(Math.ceil((to - from) / stride));
    for (let i = from, k = 0; i < to; i += stride) window[k++] = at(values, i);
    gridTimes.push(now);
    gridValues.push(medianSorted(window.toSorted() as unknown as number[]));
  }
  return interpolate(times, gridTimes, gridValues);
}

function interpolate(times: Float64Array, gridTimes: number[], gridValues: number[]): Float64Array {
  let k = 0;
  return times.map((time) => {
    while (k + 2 < gridTimes.length && at(gridTimes, k + 1) <= time) k++;
    const left = at(gridTimes, k);
    const right = gridTimes[k + 1] ?? left;
    if (right === left) return gridValues[k] ?? 0;
    const share = Math.min(1, Math.max(0, (time - left) / (right - left)));
    return at(gridValues, k) + share * (at(gridValues, k + 1) - at(gridValues, k));
  });
}

function createSortedWindow(capacity: number) {
  const sorted = new Float64Array(capacity + 2);
  let size = 0;
  const rank = (value: number) => {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(sorted, middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    get size() {
      return size;
    },
    add(value: number) {
      const place = rank(value);
      sorted.copyWithin(place + 1, place, size++);
      sorted[place] = value;
    },
    remove(value: number) {
      const place = rank(value);
      sorted.copyWithin(place, place + 1, size--);
    },
    median: () => (at(sorted, (size - 1) >> 1) + at(sorted, size >> 1)) / 2,
  };
}
