/** When windows begin: with the first hit of a key, or at multiples of their length by the clock of this machine. */
export type Alignment = 'first-hit' | 'clock'
