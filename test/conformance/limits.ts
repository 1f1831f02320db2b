/** How many streams a target has open at once. */
export const MAX_STREAMS = 50;
