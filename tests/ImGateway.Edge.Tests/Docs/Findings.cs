namespace ImGateway.Edge.Tests.Docs;

/// <summary>What is wrong with pages, all of it at once: whoever mends one place wants to know of the others.</summary>
static class Findings
{
    public static void None(IEnumerable<string> findings)
    {
        var all = findings.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
