/*
 * midwatch: the console and the command line.
 */
int main(void)
{
	return 0;
}
