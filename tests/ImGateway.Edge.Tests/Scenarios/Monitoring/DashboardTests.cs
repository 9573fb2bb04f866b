using System.Text.Json;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>The form of the dashboard, as far as it can be judged without a Grafana; its queries run in <see cref="MonitoredEdgeTests"/>.</summary>
public sealed class DashboardTests
{
    const int Columns = 24;

    readonly DashboardFile _dashboard = DashboardFile.Read();

    IEnumerable<JsonElement> Charts => _dashboard.Panels.Where(panel => Text(panel, "type") != "row");

    [Fact]
    public void Every_panel_has_an_identity_of_its_own_and_a_place_of_its_own()
    {
        Assert.Equal(_dashboard.Panels.Count, _dashboard.Panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        HashSet<(int, int)> taken = [];
        foreach (var panel in _dashboard.Panels)
        {
            var place = panel.GetProperty("gridPos");
            var (x, y, w, h) = (Number(place, "x"), Number(place, "y"), Number(place, "w"), Number(place, "h"));
            Assert.True(x >= 0 && w > 0 && h > 0 && x + w <= Columns, panel.ToString());
            for (var row = y; row < y + h; row++)
            {
                for (var column = x; column < x + w; column++) Assert.True(taken.Add((column, row)), $"'{Text(panel, "title")}' lies on another panel");
            }
        }
    }

    [Fact]
    public void Every_panel_says_what_it_shows_in_which_unit_from_the_chosen_data_source()
    {
        Assert.All(Charts, panel =>
        {
            Assert.NotEqual("", Text(panel, "title"));
            Assert.NotEqual("", Text(panel.GetProperty("fieldConfig").GetProperty("defaults"), "unit"));
            var targets = panel.GetProperty("targets").EnumerateArray().ToList();
            Assert.NotEmpty(targets);
            Assert.Equal(targets.Count, targets.Select(target => Text(target, "refId")).Distinct().Count());
            Assert.All(targets.Append(panel), item => Assert.Equal("${datasource}", Text(item.GetProperty("datasource"), "uid")));
            Assert.All(targets, target => Assert.NotEqual("", Text(target, "expr").Trim()));
        });
    }

    [Fact]
    public void Queries_use_only_the_variables_that_there_are_and_only_registered_metrics()
    {
        var variables = _dashboard.Root.GetProperty("templating").GetProperty("list").EnumerateArray().Select(variable => Text(variable, "name"));
        Assert.Equal(["datasource", "instance", "job"], variables.Order(StringComparer.Ordinal));
        Assert.All(_dashboard.Queries, query => Assert.DoesNotContain('$', query.Substitute("edge", ".+", "5s")));

        // Every metric of the product has its place on the dashboard, but the few that only matter to who debugs the runtime.
        string[] left = ["dotnet_gc_collections_total", "dotnet_thread_pool_threads", "dotnet_timers"];
        var all = string.Join('\n', _dashboard.Queries.Select(query => query.Expression));
        Assert.Equal(left.Order(StringComparer.Ordinal), RecordingMetrics.OfProduct().Select(metric => metric.Name).Where(name => !all.Contains(name, StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void It_is_of_a_current_schema_and_finds_its_provisioned_data_source()
    {
        // 41 came with Grafana 12.0; older ones are migrated when they are loaded, newer ones load it.
        Assert.Equal(41, Number(_dashboard.Root, "schemaVersion"));
        Assert.Equal("imgw-edge", Text(_dashboard.Root, "uid"));
        var provisioned = File.ReadAllText(Path.Combine(RepositoryFiles.Grafana, "provisioning", "datasources", "prometheus.yaml"));
        var chosen = _dashboard.Root.GetProperty("templating").GetProperty("list").EnumerateArray().First(variable => Text(variable, "type") == "datasource");
        Assert.Contains($"uid: {Text(chosen.GetProperty("current"), "value")}\n", provisioned, StringComparison.Ordinal);
        Assert.Contains("path: /var/lib/grafana/dashboards/imgw\n", File.ReadAllText(Path.Combine(RepositoryFiles.Grafana, "provisioning", "dashboards", "imgw.yaml")), StringComparison.Ordinal);
    }

    static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();
}
