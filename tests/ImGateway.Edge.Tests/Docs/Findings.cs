namespace ImGateway.Edge.Tests.Docs;

/// <summary>All that is wrong with the pages, collected: one run reports every place to correct.</summary>
static class Findings
{
    public static void None(IEnumerable<string> findings)
    {
        var all = findings.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
