import { createDatabaseUrl } from '../mongodb.ts'
import { describeHolding, describeSharing } from './holding.ts'

describeHolding('MongoDB', createDatabaseUrl)
describeSharing('MongoDB', createDatabaseUrl)
