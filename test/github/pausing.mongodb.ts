import { createDatabaseUrl } from '../mongodb.ts'
import { describePausing } from './pausing.ts'

describePausing('MongoDB', createDatabaseUrl)
