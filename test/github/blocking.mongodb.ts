import { createDatabaseUrl } from '../mongodb.ts'
import { describeBlocking } from './blocking.ts'

describeBlocking('MongoDB', createDatabaseUrl)
