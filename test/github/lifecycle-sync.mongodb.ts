import { createDatabaseUrl } from '../mongodb.ts'
import { describeLifecycle } from './lifecycle-sync-contract.ts'

describeLifecycle('MongoDB', createDatabaseUrl)
