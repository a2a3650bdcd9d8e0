import { createDatabaseUrl } from '../mongodb.ts'
import { describeWebhooks } from './webhook-sync-contract.ts'

describeWebhooks('MongoDB', createDatabaseUrl)
