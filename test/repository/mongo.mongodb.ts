import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { describeRepository } from './repository-contract.ts'

describeRepository('MongoDB', async () => openMongoRepository(await createDatabaseUrl()))
