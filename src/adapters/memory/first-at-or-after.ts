/**
 * Index of the first item at or after a position, in sorted items. Checks the last item first, because most items are
 * appended.
 */
export function firstAtOrAfter<T>(items: readonly T[], isAtOrAfter: (item: T) => boolean): number {
  const last = items.at(-1);
  if (last === undefined || !isAtOrAfter(last)) {
    return items.length;
  }
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAtOrAfter(items[middle] as T)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
