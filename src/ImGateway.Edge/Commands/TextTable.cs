using Spectre.Console;

namespace ImGateway.Edge.Commands;

/// <summary>A table: with borders on a terminal, plain aligned columns otherwise.</summary>
/// <param name="headings">Empty for a list of names and values.</param>
sealed class TextTable(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows)
{
    public void Write(TextWriter output)
    {
        if (ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected) AnsiConsole.Write(Bordered());
        else WritePlain(output);
    }

    Table Bordered()
    {
        var table = new Table { Border = headings.Count > 0 ? TableBorder.Rounded : TableBorder.None, ShowHeaders = headings.Count > 0 };
        foreach (var column in headings.Count > 0 ? headings : rows[0]) table.AddColumn(new TableColumn(Markup.Escape(column)));
        foreach (var row in rows) table.AddRow([.. row.Select(cell => new Text(cell))]);
        return table;
    }

    void WritePlain(TextWriter output)
    {
        List<IReadOnlyList<string>> all = headings.Count > 0 ? [[.. headings.Select(heading => heading.ToUpperInvariant())], .. rows] : [.. rows];
        var widths = Enumerable.Range(0, all[0].Count).Select(column => all.Max(row => row[column].Length)).ToList();
        foreach (var row in all) output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
