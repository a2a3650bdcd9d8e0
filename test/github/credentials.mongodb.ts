import { createDatabaseUrl } from '../mongodb.ts'
import { describeCredentials } from './credentials.ts'

describeCredentials('MongoDB', createDatabaseUrl)
