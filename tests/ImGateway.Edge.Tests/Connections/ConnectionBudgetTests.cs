using ImGateway.Edge.Connections.Limits;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Connections;

public sealed class ConnectionBudgetTests
{
    const long Floor = 120 << 20;

    [Fact]
    public void A_client_keeps_two_descriptors_and_an_own_place_each_connection_beyond_that()
    {
        var budget = new ConnectionBudget();
        budget.UpdateOpenFiles(ConnectionBudget.Reserve + 200 + 6, static () => 200);

        Assert.Equal(ConnectionRefusal.None, budget.TryAccept());
        Assert.Equal(ConnectionRefusal.None, budget.TryAccept());
        Assert.True(budget.TryConnectUpstream());
        Assert.True(budget.TryConnectUpstream());
        Assert.Equal(ConnectionRefusal.None, budget.TryAccept());
        Assert.Equal(ConnectionRefusal.Descriptors, budget.TryAccept());
        Assert.True(budget.TryConnectUpstream());
        Assert.False(budget.TryConnectUpstream());
        budget.OnClosed();
        Assert.True(budget.TryConnectUpstream());
        Assert.Equal(ConnectionRefusal.Descriptors, budget.TryAccept());
    }

    [Fact]
    public void What_the_process_opens_beside_connections_leaves_less_for_them()
    {
        var budget = new ConnectionBudget();
        budget.UpdateOpenFiles(600, static () => 300);

        Assert.Equal((600 - ConnectionBudget.Reserve - 300) / 2, Accepted(budget));
    }

    [Fact]
    public void No_more_clients_are_accepted_than_memory_is_left_for()
    {
        var budget = new ConnectionBudget();
        budget.SetMemoryLimit(MemoryLimit.MaxClients(Floor + 10 * MemoryLimit.BytesPerClient, Floor));

        Assert.Equal(10, Accepted(budget));
        Assert.Equal(ConnectionRefusal.Memory, budget.TryAccept());
        Assert.Equal(("memory", 10L, 10L), budget.Limits().Select(limit => (limit.Name, limit.Used, limit.Limit)).Single());
    }

    [Theory]
    [InlineData("0::/a/b\n", "a/b/memory.max", "268435456\n", 268435456L)]
    [InlineData("0::/a/b\n", "a/memory.max", "268435456\n", 268435456L)]
    [InlineData("0::/a/b\n", "memory.max", "268435456\n", 268435456L)]
    [InlineData("0::/a\n", "a/memory.max", "max\n", null)]
    [InlineData("4:memory:/a\n0::/\n", "memory/a/memory.limit_in_bytes", "268435456\n", 268435456L)]
    [InlineData("4:memory:/a\n0::/\n", "memory/memory.limit_in_bytes", "9223372036854771712\n", null)]
    [InlineData("", "memory.max", "268435456\n", null)]
    [InlineData("nonsense\n", "memory.max", "-1\n", null)]
    public void The_memory_limit_is_that_of_the_control_groups(string groups, string file, string content, long? limit)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["groups"], groups);
        Directory.CreateDirectory(Path.GetDirectoryName(directory[file])!);
        File.WriteAllText(directory[file], content);

        Assert.Equal(limit, MemoryLimit.Read(directory["groups"], Path.GetDirectoryName(directory["groups"])!));
    }

    static int Accepted(ConnectionBudget budget)
    {
        var count = 0;
        while (budget.TryAccept() is ConnectionRefusal.None) count++;
        return count;
    }
}
