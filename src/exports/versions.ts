export { type Versions, type VersionsOptions, versions } from '../client/versions.ts'
