import { createDatabaseUrl } from '../mongodb.ts'
import { describeMerges } from './merge-sync-contract.ts'

describeMerges('MongoDB', createDatabaseUrl)
