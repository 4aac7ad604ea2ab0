/*
 * midwatchd: the engine and its workers. The map of the house is in this file as rooms land.
 */
int main(void)
{
	return 0;
}
