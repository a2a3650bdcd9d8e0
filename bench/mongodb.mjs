export const measureMongodb = () => {}
