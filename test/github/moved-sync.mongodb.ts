import { createDatabaseUrl } from '../mongodb.ts'
import { describeMoves } from './moved-sync-contract.ts'

describeMoves('MongoDB', createDatabaseUrl)
