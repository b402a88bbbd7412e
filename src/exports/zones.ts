export { type ZoneOptions, zones } from '../client/zones.ts'
export type { CommonZoneOptions, ZoneReadOn, ZoneSettle } from '../middleware/zones/options.ts'
export type { ZoneStatus, ZonesPart } from '../seam/zones.ts'
