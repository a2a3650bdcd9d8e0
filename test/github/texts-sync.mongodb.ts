import { createDatabaseUrl } from '../mongodb.ts'
import { describeTexts } from './texts-sync-contract.ts'

describeTexts('MongoDB', createDatabaseUrl)
