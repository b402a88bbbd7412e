export {
  type ListKeysOf,
  type UnstorageCallOptions,
  type UnstorageDriver,
  type UnstorageItem,
  type UnstorageOptions,
  unstorageDriver,
  unstorageDriver as default,
} from '../adapters/unstorage.ts'
