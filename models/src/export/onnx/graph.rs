//! A graph of ONNX: nodes, constants, what goes in and what comes out.
//!
//! Field numbers are those of `onnx.proto` (github.com/onnx/onnx, Apache 2.0).

use super::protobuf::Message;

/// The version of the operators' own domain.
const OPSET: i64 = 17;
/// That of the domain of machine learning: the first with `TreeEnsemble` in double precision.
const ML_OPSET: i64 = 5;
/// The version of the file's layout that both came with.
const IR_VERSION: i64 = 10;

/// The domain of machine learning.
pub(super) const ML: &str = "ai.onnx.ml";

/// The kinds of elements of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float = 1,
    Byte = 2,
    Int = 7,
    Text = 8,
    Bool = 9,
    Double = 11,
}

/// What a node is told beside its inputs.
pub(super) enum Told {
    Int(i64),
    Ints(Vec<i64>),
    Texts(Vec<String>),
    Tensor(Tensor),
}

/// Constant numbers.
pub(super) struct Tensor {
    kind: Kind,
    shape: Vec<i64>,
    bytes: Vec<u8>,
}

impl Tensor {
    /// Numbers of double precision.
    pub(super) fn doubles(shape: &[i64], values: &[f64]) -> Self {
        Self {
            kind: Kind::Double,
            shape: shape.to_vec(),
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }

    /// Whole numbers.
    pub(super) fn ints(values: &[i64]) -> Self {
        Self {
            kind: Kind::Int,
            shape: vec![values.len() as i64],
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }

    /// Numbers from 0 to 255.
    pub(super) fn bytes(values: &[u8]) -> Self {
        Self {
            kind: Kind::Byte,
            shape: vec![values.len() as i64],
            bytes: values.to_vec(),
        }
    }

    fn message(&self, name: &str) -> Message {
        let mut message = Message::default();
        for length in &self.shape {
            message.int(1, *length);
        }
        message.int(2, self.kind as i64);
        message.text(8, name);
        message.data(9, &self.bytes);
        message
    }
}

/// A graph that is being drawn.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    names: usize,
}

impl Graph {
    pub(super) fn fresh(&mut self, of: &str) -> String {
        self.names += 1;
        format!("/{}/{}", of.to_lowercase(), self.names)
    }

    /// A table that is given: rows by so many columns.
    pub(super) fn input(&mut self, name: &str, kind: Kind, columns: usize) {
        self.inputs.push(value_info(name, kind, Some(columns)));
    }

    /// What comes out: a number a row.
    pub(super) fn output(&mut self, name: &str, kind: Kind) {
        self.outputs.push(value_info(name, kind, None));
    }

    /// A constant, by its name.
    pub(super) fn constant(&mut self, tensor: &Tensor) -> String {
        let name = self.fresh("constant");
        self.constants.push(tensor.message(&name));
        name
    }

    /// A row of constant numbers.
    pub(super) fn row(&mut self, values: &[f64]) -> String {
        self.constant(&Tensor::doubles(&[1, values.len() as i64], values))
    }

    /// A node of the operators' own domain; the name of what it gives.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        told: &[(&str, Told)],
    ) -> String {
        let output = self.fresh(operator);
        self.named(("", operator), inputs, told, &output);
        output
    }

    /// A node of a domain, and what its output is called.
    pub(super) fn named(
        &mut self,
        (domain, operator): (&str, &str),
        inputs: &[&str],
        told: &[(&str, Told)],
        output: &str,
    ) {
        let mut node = Message::default();
        for input in inputs {
            node.text(1, input);
        }
        node.text(2, output);
        node.text(3, output);
        node.text(4, operator);
        for (name, told) in told {
            node.message(5, &attribute(name, told));
        }
        if !domain.is_empty() {
            node.text(7, domain);
        }
        self.nodes.push(node);
    }

    /// The file.
    pub(super) fn file(self, name: &str, about: &str, facts: &[(String, String)]) -> Vec<u8> {
        let mut graph = Message::default();
        for node in &self.nodes {
            graph.message(1, node);
        }
        graph.text(2, name);
        for constant in &self.constants {
            graph.message(5, constant);
        }
        for input in &self.inputs {
            graph.message(11, input);
        }
        for output in &self.outputs {
            graph.message(12, output);
        }
        let mut file = Message::default();
        file.int(1, IR_VERSION);
        file.text(2, "regulars");
        file.text(3, env!("CARGO_PKG_VERSION"));
        file.text(6, about);
        file.message(7, &graph);
        for (domain, version) in [("", OPSET), (ML, ML_OPSET)] {
            let mut set = Message::default();
            set.text(1, domain);
            set.int(2, version);
            file.message(8, &set);
        }
        for (key, value) in facts {
            let mut fact = Message::default();
            fact.text(1, key);
            fact.text(2, value);
            file.message(14, &fact);
        }
        file.bytes()
    }
}

/// What a value is: rows, by columns where these are said.
fn value_info(name: &str, kind: Kind, columns: Option<usize>) -> Message {
    let mut rows = Message::default();
    rows.text(2, "rows");
    let mut shape = Message::default();
    shape.message(1, &rows);
    if let Some(columns) = columns {
        let mut length = Message::default();
        length.int(1, columns as i64);
        shape.message(1, &length);
    }
    let mut tensor = Message::default();
    tensor.int(1, kind as i64);
    tensor.message(2, &shape);
    let mut of = Message::default();
    of.message(1, &tensor);
    let mut message = Message::default();
    message.text(1, name);
    message.message(2, &of);
    message
}

fn attribute(name: &str, told: &Told) -> Message {
    let mut message = Message::default();
    message.text(1, name);
    let kind = match told {
        Told::Int(value) => {
            message.int(3, *value);
            2
        }
        Told::Tensor(tensor) => {
            message.message(5, &tensor.message(""));
            4
        }
        Told::Ints(values) => {
            for value in values {
                message.int(8, *value);
            }
            7
        }
        Told::Texts(values) => {
            for value in values {
                message.text(9, value);
            }
            8
        }
    };
    message.int(20, kind);
    message
}
