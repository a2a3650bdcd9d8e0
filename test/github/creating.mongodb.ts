import { createDatabaseUrl } from '../mongodb.ts'
import { describeCreating } from './creating.ts'

describeCreating('MongoDB', createDatabaseUrl)
