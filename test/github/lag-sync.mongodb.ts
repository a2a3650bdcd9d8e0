import { createDatabaseUrl } from '../mongodb.ts'
import { describeLag } from './lag-sync-contract.ts'

describeLag('MongoDB', createDatabaseUrl)
