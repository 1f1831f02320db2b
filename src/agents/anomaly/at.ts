/** Element `index`, NaN outside: what arithmetic wants where the language offers `undefined`. */
export function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] ?? Number.NaN;
}
