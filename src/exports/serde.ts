export { defaultSerde } from '../serde/default-serde.ts'
export { raw } from '../serde/raw.ts'
export type { Serde, SerializedValue } from '../serde/serde.ts'
